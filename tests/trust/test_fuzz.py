"""Parsers of files from elsewhere, fed with small files that are changed at random: they read them or refuse them.

A refusal is the parser's own error. Any other error, a crash of the process, or ten seconds over one file is a crash
here. BOXMASK_FUZZ is the number of executions for each parser; the same seed always tries the same files.
"""

import json
import logging
import mmap
import os
import pickle
import random
import signal
import struct
import zipfile
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save as to_safetensors

from boxmask import masks
from boxmask.generate import ledger, manifest, settings
from boxmask.generate.manifest import Frame, Header, Manifest, ManifestError, Stamp
from boxmask.generate.outcomes import Outcome
from boxmask.generate.outfolder import OutFolder
from boxmask.generate.settings import Record, Settings, SettingsError
from boxmask.readers import coco_video, images
from boxmask.readers.annotations import read_boxes, read_flags
from boxmask.readers.images import ImageError
from boxmask.readers.sequence import DatasetError
from ltr.models.boxmask import files
from ltr.models.boxmask.config import Constructor
from ltr.models.boxmask.files import CheckpointError

EXECUTIONS = int(os.environ.get("BOXMASK_FUZZ", "1500"))
SEED = int(os.environ.get("BOXMASK_FUZZ_SEED", "8"))
PLACE = {"dataset": "D", "sequence": "s"}
# What parsers stumble over.
TOKENS = [b"", b"\x00", b"\xff", b"\n", b"\r", b",", b"-1", b"nan", b"inf", b"1e999", b"9" * 30, b"0x1", "é".encode(),
          b"\xef\xbb\xbf", b"\xff\xfe", b"\x80", b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff", b"[" * 50, b"{", b"]", b'"',
          b"null", b"true", b"-", b".", b"../", b"PK\x03\x04", b"IDAT", b"IEND", b"IHDR", b"c__builtin__\neval\n",
          b"(", b"t", b"R", b"b", b"K\x01", b"}", b"\x85", b"\x86", b"q\x00", b"h\x00", b"Q", b"u", b"s", b"2", b"0"]


def changed(chance: random.Random, corpus: list[bytes]) -> bytes:
    """A file of the corpus with one to six changes."""
    data = bytearray(chance.choice(corpus))
    for _ in range(chance.randint(1, 6)):
        place = chance.randint(0, len(data))
        end = min(len(data), place + chance.choice((1, 1, 2, 4, 16)))
        kind = chance.randrange(7)
        if kind == 0 and data:
            data[place % len(data)] ^= 1 << chance.randrange(8)
        elif kind == 1 and data:
            data[place % len(data)] = chance.randrange(256)
        elif kind == 2:
            del data[place:end]
        elif kind == 3:
            data[place:place] = data[place:end] * chance.choice((1, 2, 20))
        elif kind == 4:
            data[place:place] = chance.choice(TOKENS)
        elif kind == 5:
            other = chance.choice(corpus)
            start = chance.randint(0, len(other))
            data[place:end] = other[start:start + 16]
        else:
            del data[place:]
    return bytes(data)


@dataclass(frozen=True)
class Target:
    """corpus: files that are right; read: what is tested, with the path of a file; refusals: the errors it may raise;
    repair: gives a changed file its checksums back, so that what is behind them is tested too.
    """

    corpus: Callable[[], list[bytes]]
    read: Callable[[Path], object]
    refusals: tuple[type[Exception], ...]
    repair: Callable[[bytes], bytes] = bytes


def boxes() -> list[bytes]:
    return [b"10,20,30,40\n11.5,20,30,40\n-1,-1,-1,-1\n", b"1 2 3 4\r\n5\t6\t7\t8\r\n", b"0,0,0,0\n1,2,3\nnan,1,1,1\n",
            b"1;2;3;4\n" * 5, "1,2,3,4\n5,6,7,8\n".encode("utf-16"), b"\xef\xbb\xbf1e2,2E-1,.5,4.\n"]


def flags() -> list[bytes]:
    return [b"0\n1\n0\n0\n", b"0,1,0,0,1\n", b"8\n7\n0\n", b"0 0 1 1", b"1.0\n0.0\n\n"]


def coco() -> list[bytes]:
    return [json.dumps({"videos": [{"id": 1, "file_names": ["a/0.jpg", "a/1.jpg"]}], "annotations": [
        {"id": 7, "video_id": 1, "bboxes": [[1, 2, 3, 4], None]}]}).encode(),
        b'{"videos":[{"id":2,"file_names":["b/x.jpg"]}],"annotations":[]}']


def pngs() -> list[bytes]:
    chance = np.random.default_rng(0)
    several = [masks.encode(chance.integers(0, highest + 1, (7, 9), np.uint8), highest=highest)
               for highest in (1, 3, 15, 255)]
    return [*several, cv2.imencode(".png", chance.integers(0, 255, (5, 6), np.uint8))[1].tobytes()]


def pictures() -> list[bytes]:
    image = np.random.default_rng(0).integers(0, 255, (9, 8, 3), np.uint8)
    return pngs() + [cv2.imencode(suffix, image)[1].tobytes() for suffix in (".png", ".jpg", ".bmp", ".webp", ".tiff")]


def with_crcs(data: bytes) -> bytes:
    """A PNG file whose chunks have their checksums."""
    parts, place = [data[:8]], 8
    while place + 12 <= len(data):
        length = struct.unpack(">I", data[place:place + 4])[0]
        if place + 12 + length > len(data):
            break
        body = data[place + 4:place + 8 + length]
        parts += [data[place:place + 4], body, struct.pack(">I", zlib.crc32(body))]
        place += 12 + length
    return b"".join(parts) + data[place:]


def saved(content: object, **options: bool) -> bytes:
    buffer = BytesIO()
    torch.save(content, buffer, **options)
    return buffer.getvalue()


def contents() -> list[object]:
    record = Constructor("boxmask_lite", "ltr.models.boxmask", (), {"feature": 8, "decoder": (1, 2, 3, 4)})
    return [{"net": OrderedDict(a=torch.zeros(2, 3), b=torch.ones(12).half()), "constructor": record, "epoch": 3},
            {"a": torch.arange(3), "b.c": torch.zeros(6)}, {"a": torch.zeros(6), "x": [1.5, None, True, "é", b"y"]}]


def pickles() -> list[bytes]:
    """The pickles in checkpoints, without the archive around them."""
    return [zipfile.ZipFile(BytesIO(saved(content))).read("archive/data.pkl") for content in contents()]


def in_archive(data: bytes) -> bytes:
    """A checkpoint with this pickle, and the tensors that those of the corpus have."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", data)
        archive.writestr("archive/byteorder", b"little")
        archive.writestr("archive/data/0", bytes(24))
        archive.writestr("archive/data/1", bytes(24))
        archive.writestr("archive/version", b"3\n")
    return buffer.getvalue()


def checkpoints() -> list[bytes]:
    return [saved(contents()[0]), saved(contents()[0], _use_new_zipfile_serialization=False), pickle.dumps({"a": 1}, 2),
            to_safetensors({"a": torch.zeros(2, 3)}, {"constructor": json.dumps(
                {"module": "ltr.models.boxmask", "function": "vos_lite", "keywords": {"feature": 8}})})]


def manifests() -> list[bytes]:
    frames = (Frame("00000001", Outcome.OK, "", 64, 48, 90, 17, {1: 0.5, 7: 1.0}), Frame("00000002", Outcome.ABSENT),
              Frame("é", Outcome.BAD_IMAGE, "no such image", poor=True))
    header = Header("GOT-10k", "A", (1, 7), "0.1", {"method": "box"}, {"quality.csv": Stamp(3, 4)},
                    manifest.count(frames), {1: 0.5, 7: 1.0})
    return [manifest.to_text(Manifest(header, frames)).encode()]


def with_crc(data: bytes) -> bytes:
    body, end, _ = data.rpartition(b'"crc32": ')
    return body + end + f"{zlib.crc32(body + end)}}}\n".encode()


def records() -> list[bytes]:
    source = {"layout": "got10k", "arguments": {"root": "/data"}, "first": 3}
    return [Record(Settings("GOT-10k", "box"), (source,), None, ("A", "B")).to_text().encode(),
            b'{"frames": 3, "reason": "no boxes", "sequence": "A"}\n']


def read_state(path: Path) -> None:
    """The two kinds of records in `.boxmask/`."""
    out = OutFolder(path.parent)
    out.run_file, out.failed = path, path.parent
    assert isinstance(ledger.read_failure(out, path.stem).frames, int)
    settings.read_record(out)


def read_coco(path: Path) -> None:
    dataset = coco_video.open_dataset(path.parent, path)
    for name in dataset.sequences:
        dataset.read(name)


def read_both(path: Path) -> None:
    """The size that is read from the header is that of the pixels."""
    image = images.read(path)
    assert images.size(path) == (image.shape[1], image.shape[0])


TARGETS = {
    "boxes": Target(boxes, lambda path: read_boxes(path, **PLACE), (DatasetError,)),
    "flags": Target(flags, lambda path: read_flags(path, 4, **PLACE), (DatasetError,)),
    "coco": Target(coco, read_coco, (DatasetError,)),
    "mask": Target(pngs, masks.read, (masks.MaskError,), with_crcs),
    "image": Target(pictures, read_both, (ImageError,), with_crcs),
    "checkpoint": Target(checkpoints, files.read, (CheckpointError,)),
    "pickle": Target(pickles, files.read, (CheckpointError,), in_archive),
    "manifest": Target(manifests, lambda path: manifest.read(path.parent), (ManifestError,), with_crc),
    "record": Target(records, read_state, (SettingsError,)),
}
# A pickle is a checkpoint in its archive alone.
ALWAYS_REPAIRED = {"pickle"}


def attempts(name: str) -> Iterator[bytes]:
    target, chance = TARGETS[name], random.Random(f"{name} {SEED}")
    corpus = target.corpus()
    for _ in range(EXECUTIONS):
        data = changed(chance, corpus)
        yield target.repair(data) if name in ALWAYS_REPAIRED or chance.random() < 0.7 else data


@pytest.mark.parametrize("name", TARGETS)
def test_no_file_does_more_than_to_be_refused(name, tmp_path, faults):
    target = TARGETS[name]
    path = tmp_path / "manifest.json"
    # What a child that crashes was at, and how many files it has read.
    shared = mmap.mmap(-1, 16)

    def run():
        logging.disable()
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        read = 0
        for number, data in enumerate(attempts(name), start=1):
            shared[:16] = struct.pack("QQ", number, read)
            path.write_bytes(data)
            signal.alarm(10)
            try:
                target.read(path)
                read += 1
            except target.refusals:
                pass
        shared[:16] = struct.pack("QQ", EXECUTIONS, read)

    ended = faults.in_child(run, seconds=0)
    number, read = struct.unpack("QQ", shared[:16])
    assert ended.code == 0, f"{name}, seed {SEED}, execution {number}: {ended.code} {ended.reason}\n{path.read_bytes()}"
    print(f"{name}: {number} executions, {read} files read, {number - read} refused, 0 crashes")
    assert number == EXECUTIONS and read > 0
    assert read < EXECUTIONS or name == "flags"  # where no flag can be read the box counts
