"""A headless Chromium, spoken to by its own protocol over two pipes, so that no other package is needed.

The protocol (https://chromedevtools.github.io/devtools-protocol/): JSON messages that end with a zero byte.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

PATIENCE = 30.0  # seconds
# What a key is called where its name is not its character.
_CODES = {"ArrowLeft": 37, "ArrowRight": 39, "Escape": 27, "Tab": 9, "Enter": 13}
# The browser finds the protocol's pipes at the descriptors 3 and 4.
_START = "import os, sys; [os.dup2(int(sys.argv[n]), n + 2) for n in (1, 2)]; os.execvp(sys.argv[3], sys.argv[3:])"


def _move_up(descriptor: int) -> int:
    """Another descriptor of the same file, out of the way of those two."""
    try:
        return fcntl.fcntl(descriptor, fcntl.F_DUPFD, 10)
    finally:
        os.close(descriptor)


class Browser:
    """One window of the browser at `program`; for `with`. folder: for its profile and downloads."""

    def __init__(self, program: str, folder: Path, size: tuple[int, int] = (1440, 900)) -> None:
        self.folder = folder
        self.messages: list[dict[str, Any]] = []
        to_browser, self._write = os.pipe()
        self._read, from_browser = os.pipe()
        options = ["--headless", "--remote-debugging-pipe", "--no-sandbox", "--no-first-run", "--disable-gpu",
                   "--disable-dev-shm-usage", f"--user-data-dir={folder / 'profile'}",
                   f"--window-size={size[0]},{size[1]}"]
        pipes = _move_up(to_browser), _move_up(from_browser)
        self.process = subprocess.Popen([sys.executable, "-c", _START, *map(str, pipes), program, *options,
                                         "about:blank"], pass_fds=pipes, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        for pipe in pipes:
            os.close(pipe)
        self._rest = b""
        self._number = 0
        self._session: str | None = None
        target = next(each for each in self.call("Target.getTargets")["targetInfos"] if each["type"] == "page")
        self._session = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        self.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder / "downloads"))

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            os.close(self._write)  # at which it ends
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self._read)

    def call(self, method: str, **arguments: Any) -> dict[str, Any]:
        """The answer to a command; what comes before it, events, goes to `messages`."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": arguments}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]
            self.messages.append(answer)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            data = os.read(self._read, 1 << 16)
            assert data, "the browser has ended"
            self._rest += data
        first, self._rest = self._rest.split(b"\0", 1)
        return json.loads(first)

    def open(self, page: Path) -> None:
        """Opens a file and waits until its script has run."""
        self.call("Page.navigate", url=page.as_uri())
        self.wait("document.readyState === 'complete' && typeof app === 'object' && location.href !== 'about:blank'")

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait(self, script: str) -> None:
        """Waits until an expression is true."""
        end = time.monotonic() + PATIENCE
        while not self.run(script):
            assert time.monotonic() < end, f"never true: {script}"
            time.sleep(0.02)

    def press(self, *keys: str, repeats: int = 0) -> None:
        """Presses keys, one after the other, as a keyboard does. repeats: of each key, which is held that long."""
        for key in keys:
            text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
            code = _CODES.get(key, ord(key[0].upper()))
            for repeat in range(1 + repeats):
                self.call("Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code,
                          autoRepeat=repeat > 0, **text)
            self.call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def click(self, selector: str) -> None:
        """Clicks in the middle of the first element that a selector finds."""
        x, y = self.run(f"""(() => {{
            const element = document.querySelector({json.dumps(selector)});
            element.scrollIntoView({{block: 'nearest'}});
            const box = element.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2];
        }})()""")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def text(self, selector: str) -> str:
        return self.run(f"document.querySelector({json.dumps(selector)}).textContent")

    def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))

    def errors(self) -> list[str]:
        """What the page's console said in the way of errors and warnings, and exceptions nobody caught."""
        found = []
        for message in self.messages:
            said = message.get("params", {})
            if message["method"] == "Runtime.exceptionThrown":
                found.append(str(said["exceptionDetails"]))
            elif message["method"] == "Log.entryAdded" and said["entry"]["level"] in ("error", "warning"):
                found.append(said["entry"]["text"])
        return found

    def addresses(self) -> list[str]:
        """Everything that was asked for."""
        return [message["params"]["request"]["url"] for message in self.messages
                if message["method"] == "Network.requestWillBeSent"]
