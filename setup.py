"""Packaging: one package, `boxmask`, with the overlay folders inside it.

In the repository the overlay lies at the paths it has in a pytracking checkout (`ltr/`, `pytracking/`). A wheel must
not install top-level packages of those names, which belong to others, so the build copies them to `boxmask/overlay/`.
"""

import shutil
from pathlib import Path

from setuptools import find_namespace_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
OVERLAY = [name for name in ("ltr", "pytracking") if (ROOT / name).is_dir()]


class BuildWithOverlay(build_py):
    """`build_py` that carries `ltr/` and `pytracking/` into `boxmask/overlay/`."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        for name in OVERLAY:
            target = Path(self.build_lib, "boxmask", "overlay", name)
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(ROOT / name, target, ignore=shutil.ignore_patterns("__pycache__"))


setup(
    packages=find_namespace_packages(include=["boxmask", "boxmask.*"]),
    package_data={"boxmask.review": ["*.html", "*.css", "*.js"], "boxmask.weights": ["*.safetensors"]},
    cmdclass={"build_py": BuildWithOverlay},
)
