"""Manifests: what is written is read, and no change of a byte goes unnoticed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxmask.generate import manifest
from boxmask.generate.manifest import Frame, Header, Manifest, ManifestError, Stamp
from boxmask.generate.outcomes import Outcome

NAMES = st.text(st.characters(categories=("L", "N", "P"), exclude_characters="/\\."), min_size=1, max_size=9)
SIZES = st.one_of(st.none(), st.integers(1, 5000))
FRAMES = st.builds(Frame, NAMES, st.sampled_from(Outcome), NAMES, SIZES, st.integers(1, 5000), st.integers(1, 2**31),
                   st.integers(0, 2**32 - 1), st.dictionaries(st.integers(1, 254), st.floats(0, 1)), st.booleans())


def make(frames):
    header = Header("GOT-10k", "A", (1, 7), "0.1", {"method": "box", "window": 9}, {"quality.csv": Stamp(3, 4)},
                    manifest.count(frames))
    return Manifest(header, frames)


def write(folder, content):
    (folder / manifest.FILE_NAME).write_text(manifest.to_text(content), encoding="utf-8")


@given(st.lists(FRAMES, max_size=5, unique_by=lambda frame: frame.name).map(tuple))
def test_what_is_written_is_read(tmp_path_factory, frames):
    frames = tuple(frame if frame.width is not None else
                   Frame(frame.name, frame.outcome, frame.reason, objects=frame.objects) for frame in frames)
    folder = tmp_path_factory.mktemp("manifest")
    write(folder, make(frames))
    assert manifest.read(folder) == make(frames)
    assert manifest.read_header(folder) == make(frames).header


def test_every_changed_byte_is_noticed(tmp_path):
    write(tmp_path, make((Frame("1", Outcome.OK, "", 4, 3, 80, 12, {1: 0.5}), Frame("2", Outcome.ABSENT))))
    path = tmp_path / manifest.FILE_NAME
    whole = path.read_bytes()
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 1
        path.write_bytes(bytes(changed))
        with pytest.raises(ManifestError, match=r"manifest\.json.*--repair|format"):
            manifest.read(tmp_path)
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(ManifestError):
            manifest.read(tmp_path)


def test_a_missing_manifest_and_one_of_another_format_are_named(tmp_path):
    with pytest.raises(ManifestError, match="no such manifest"):
        manifest.read(tmp_path)
    text = manifest.to_text(make(())).replace('"format":1', '"format":2')
    (tmp_path / manifest.FILE_NAME).write_text(text)
    with pytest.raises(ManifestError, match="format 2"):
        manifest.read_header(tmp_path)
