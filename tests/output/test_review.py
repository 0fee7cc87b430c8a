"""`boxmask review`: what is on the page and beside it; the page itself runs in tests/browser."""

import errno
import html
import json
import math
import re
import shutil

import cv2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxmask.cli import main
from boxmask.generate.manifest import Frame
from boxmask.generate.outcomes import Outcome
from boxmask.generate.outfolder import OutputError
from boxmask.generate.source import Source
from boxmask.review import figures, page, pictures
from boxmask.review.site import PICTURES, build, file_name

HOSTILE = ["<img src=x onerror=alert(1)>", "'\"><!--{{data}}${x}`", "a&b;c#d?e%20f=g", "__proto__", "constructor",
           "longer name in " + "\u9577\u3044" * 20]


@pytest.fixture
def reviewed(out):
    """make(**options) -> Built: the page of `out`, whose frames are a GOT-10k folder, in `page` beside it."""
    def make(frames=24, **options):
        names = sorted(path.name for path in out.videos.iterdir() if path.is_dir())
        for name in names:
            count = len(list((out.videos / name).glob("*.jpg")))
            (out.videos / name / "groundtruth.txt").write_text("4,6,8,8\n" * count)
        (out.videos / "list.txt").write_text("".join(f"{name}\n" for name in names))
        out.record(Source("got10k", {"root": str(out.videos)}).to_json())
        return build(out.path, out.path.parent / "page", frames=frames, **options)
    return make


def page_data(built):
    text = re.search(r'<script type="application/json" id="page-data">(.*?)</script>', built.page.read_text(), re.S)[1]
    data = json.loads(text)
    return data, {row[0]: dict(zip(data["columns"], row, strict=True)) for row in data["rows"]}


def details(built, name):
    return page.read_details((built.page.parent / PICTURES / f"{file_name(name)}.js").read_text())


def contents(folder):
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in (folder / PICTURES).iterdir()}


def frames_of(signs):
    """v: with a mask, and else a sign of `figures.UNMASKED`."""
    outcome = {sign: outcome for outcome, sign in figures.UNMASKED.items()}
    return [Frame(str(index), outcome.get(sign, Outcome.OK)) for index, sign in enumerate(signs)]


def test_a_track_has_a_character_a_frame():
    found = figures.track(frames_of("vvv.!?v"), {"0": 0.0, "1": 1.0, "2": 0.5})
    assert found == "A/" + figures.LEVELS[32] + ".!?-"


@given(st.lists(st.none() | st.floats(0, 1), min_size=1, max_size=300), st.integers(1, 40))
def test_frames_are_shown_from_end_to_end_with_the_worst_of_them(scores, count):
    frames = frames_of("v" * len(scores))
    known = {str(index): score for index, score in enumerate(scores) if score is not None}
    shown = figures.choose(frames, known, count)
    assert shown == sorted(set(shown)) and 1 <= len(shown) <= count
    assert (shown[0] == 0 or count < 2) and (shown[-1] == len(scores) - 1 or count < 3)
    if known:
        lowest = frames[shown[figures.worst(frames, known, shown)]].name
        assert known[lowest] == min(known.values())
    assert figures.choose(frames, known, 0) == list(range(len(scores)))


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_pictures_are_about_as_large_whatever_their_aspect(width, height):
    across, down = pictures.cell_size((width, height))
    assert math.isclose(across * down, pictures.AREA, rel_tol=0.02)
    if 1 / 3 <= width / height <= 3:
        assert math.isclose(across / down, width / height, rel_tol=0.02)


def test_the_page_has_a_row_a_sequence_with_its_quality(out, label, reviewed):
    out.add("good", [label(), label.empty()], scores=[.9, 0]).add("bad", [label()] * 2, scores=[.3, .5], poor=[0])
    data, rows = page_data(reviewed())
    assert data["dataset"] == "GOT-10k" and data["title"] == "out" and data["open"] == 0
    assert rows["bad"] | {"score": .4, "worst": .3, "masks": 2, "frames": 2, "poor": 1, "note": "",
                          "outcomes": {"ok": 2}} == rows["bad"]
    assert rows["good"]["outcomes"] == {"ok": 1, "absent": 1} and rows["good"]["track"][1] == "."


def test_a_sequence_has_sheets_of_pictures_and_the_figures_of_its_frames(out, label, reviewed):
    out.add("walk", [label(left % 20) for left in range(30)], scores=[.9] * 17 + [.1] + [.9] * 12)
    built = reviewed(frames=0)
    found = details(built, "walk")
    assert [frame["index"] for frame in found["frames"]] == list(range(30))
    assert found["worst"] == 17
    assert found["frames"][17]["objects"] == [[1, .1, .95, .5, .98, .9, 1]]
    thumb, first, second = (cv2.imread(str(built.page.parent / PICTURES / name)) for name in found["files"])
    assert first.shape == (4 * found["height"], 6 * found["width"], 3)
    assert second.shape == (found["height"], 6 * found["width"], 3)
    assert thumb.shape[1] == pictures.THUMB_WIDTH
    # The first shows columns 0 to 19 and rows 3 to 17 of its frame, which is black but where the mask is, and tinted.
    tinted, black = (first[found["height"] // 2, round(column / 19 * found["width"])] for column in (6, 17))
    assert tinted[2] > tinted[0] > tinted[1] > 120 and black.max() < 20


def test_every_object_of_a_frame_is_drawn_and_listed(out, label, reviewed):
    out.add("two", [label(2) + label(16, value=3)], object_ids=(1, 3))
    assert [mask[0] for mask in details(reviewed(), "two")["frames"][0]["objects"]] == [1, 3]


def test_hostile_names_stay_names(out, label, reviewed):
    for name in HOSTILE:
        out.add(name, [label()])
    built = reviewed()
    _, rows = page_data(built)
    assert set(rows) == set(HOSTILE)
    text = built.page.read_text()
    assert "<img src=x" not in text and text.count("<!--") == 0 and text.count("</script>") == 2
    assert all(re.fullmatch(r"[0-9a-f]{16}(-1)?\.(js|jpg)", path.name)
               for path in (built.page.parent / PICTURES).iterdir())
    assert details(built, HOSTILE[0])["summary"]["name"] == HOSTILE[0]


def test_a_title_is_escaped():
    text = page.render({"title": "</title><b>{{data}}"}, [{"name": "x"}])
    assert f"<title>{html.escape('Masks in </title><b>{{data}}')}</title>" in text


def test_nothing_is_loaded_from_elsewhere(out, label, reviewed):
    out.add("walk", [label()])
    found = set(re.findall(r"\w+://[^'\"\s]+", reviewed().page.read_text()))
    assert found == {"http://www.w3.org/2000/svg"}  # the name of SVG's namespace, which is never fetched


def test_a_second_run_draws_only_what_has_changed(out, label, reviewed):
    out.add("kept", [label()]).add("changed", [label()]).add("gone", [label()])
    built = reviewed()
    assert (built.sequences, built.drawn, built.without) == (3, 3, 0)
    before = contents(built.page.parent)
    assert reviewed().drawn == 0
    assert contents(built.page.parent) == before

    shutil.rmtree(out.path / "changed")
    shutil.rmtree(out.path / "gone")
    out.add("changed", [label(12)], scores=[.2])
    built = reviewed()
    assert (built.sequences, built.drawn) == (2, 1)
    after = contents(built.page.parent)
    assert not any(name.startswith(file_name("gone")) for name in after)
    kept = {name for name in before if name.startswith(file_name("kept"))}
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert page_data(built)[1]["changed"]["worst"] == .2
    assert reviewed(frames=1).drawn == 2


def test_a_picture_that_is_lost_is_drawn_again(out, label, reviewed):
    out.add("walk", [label()])
    built = reviewed()
    (built.page.parent / PICTURES / f"{file_name('walk')}-1.jpg").unlink()
    assert reviewed().drawn == 1


def test_a_frame_that_cannot_be_read_is_said_and_tried_again(out, label, reviewed):
    out.add("walk", [label()] * 2)
    image = out.videos / "walk" / "00000002.jpg"
    content = image.read_bytes()
    image.write_bytes(b"")
    problems = [frame["problem"] for frame in details(reviewed(), "walk")["frames"]]
    assert problems[0] == "" and "empty" in problems[1]
    image.write_bytes(content)
    built = reviewed()
    assert built.drawn == 1 and not details(built, "walk")["frames"][1]["problem"]
    assert reviewed().drawn == 0


def test_a_mark_stays_of_the_same_masks_while_they_cannot_be_shown(out, label, reviewed):
    for name in ("away", "damaged"):
        out.add(name, [label()])
    before = page_data(reviewed())[1]
    shutil.rmtree(out.path.parent / "page")
    shutil.rmtree(out.videos / "away")
    (out.path / "damaged" / "quality.csv").write_text("nonsense")
    built = reviewed()
    after = page_data(built)[1]
    assert built.without == 2
    assert {name: row["stamp"] for name, row in after.items()} == {name: row["stamp"] for name, row in before.items()}


def test_pictures_stay_of_a_sequence_that_is_not_in_the_dataset_for_now(out, label, reviewed):
    out.add("kept", [label()] * 5).add("changed", [label()]).add("other", [label()])
    shown = details(reviewed(frames=1), "kept")["frames"]
    for name in ("kept", "changed"):
        shutil.move(out.videos / name, out.path.parent / name)
    shutil.rmtree(out.path / "changed")
    out.add("changed", [label(12)])
    shutil.rmtree(out.videos / "changed")
    built = reviewed(frames=3)
    rows = page_data(built)[1]
    assert (built.drawn, built.without) == (1, 1)
    assert "of an earlier time" in rows["kept"]["note"] and details(built, "kept")["frames"] == shown
    assert not rows["changed"]["has_pictures"]
    shutil.move(out.path.parent / "kept", out.videos / "kept")
    built = reviewed(frames=3)
    assert built.drawn == 1 and page_data(built)[1]["kept"]["note"] == ""


def test_what_went_wrong_is_on_the_page_too(out, label, reviewed):
    for name in ("fine", "cut", "nonsense", "beyond", "moved"):
        out.add(name, [label()])
    manifest = out.path / "cut" / "manifest.json"
    manifest.write_text(manifest.read_text()[:-5])
    (out.path / "nonsense" / "quality.csv").write_text("nonsense")
    table = out.path / "beyond" / "quality.csv"
    table.write_text(table.read_text().replace("0.9000", "inf", 1))
    shutil.rmtree(out.videos / "moved")
    out.out.failed.mkdir(parents=True)
    (out.out.failed / "lost.json").write_text('{"frames": 7, "reason": "no <annotation>", "sequence": "lost"}')
    built = reviewed()
    _, rows = page_data(built)
    assert (built.sequences, built.without) == (6, 5)
    assert rows["lost"] | {"outcomes": {"failed": 7}, "note": "no <annotation>", "score": None} == rows["lost"]
    assert "damaged" in rows["cut"]["note"] and "expected the columns" in rows["nonsense"]["note"]
    assert "quality.csv, line 2: expected 8 fields" in rows["beyond"]["note"]
    assert rows["moved"]["score"] == .9 and "no pictures: " in rows["moved"]["note"]
    assert rows["fine"]["note"] == ""


def test_a_dataset_that_has_moved_is_named(out, label, reviewed):
    out.add("walk", [label()])
    reviewed()
    shutil.rmtree(out.path.parent / "page")
    moved = out.videos.rename(out.videos.with_name("moved"))
    with pytest.raises(OutputError, match="cannot be shown.*--root"):
        build(out.path, out.path.parent / "page", frames=4)
    assert build(out.path, out.path.parent / "page", frames=4, dataset_root=str(moved)).without == 0


def test_places_that_a_dataset_has_left_are_passed_over(out, label, reviewed):
    out.add("walk", [label()])
    reviewed()
    out.record(*(Source("got10k", {"root": str(root)}).to_json() for root in (out.path.parent / "a", out.videos)))
    assert build(out.path, out.path.parent / "other page", frames=4).without == 0


def foreign(tmp_path):
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "index.html").write_text("somebody else's")
    return tmp_path / "foreign"


@pytest.mark.parametrize("target, said", [
    (lambda tmp_path: tmp_path / "out" / "page", "out/page is in .*/out, which is only read; choose an --out outside"),
    (lambda tmp_path: tmp_path / "videos" / "page", "choose an --out outside"),
    (foreign, "not of `boxmask review`"),
])
def test_a_page_goes_nowhere_where_it_would_do_harm(out, label, reviewed, tmp_path, target, said):
    out.add("walk", [label()])
    reviewed()
    place = target(tmp_path)
    with pytest.raises(OutputError, match=said):
        build(out.path, place, frames=4)


@pytest.mark.parametrize("error", [None, errno.ENOSPC], ids=["a kill", "a full disk"])
def test_what_a_kill_or_a_full_disk_leaves_is_not_in_the_way(out, label, reviewed, faults, error):
    out.add("walk", [label()])
    target = reviewed().page.parent
    steps = faults.at_every_step(lambda: build(out.path, target, frames=24), target, lambda: shutil.rmtree(target),
                                 error=error, lasts=error is not None)
    for step, ended in steps:
        assert ended.is_foreseen, f"step {step}: {ended.reason}"
        left = [path.name for path in target.rglob("*.partial")]
        assert error is None or not left, f"step {step}"
        assert reviewed().sequences == 1
        assert {path.name for path in target.iterdir()} == {PICTURES, "index.html"}, f"step {step}"
    assert step > 8


def test_the_command_says_where_the_page_is(out, label, reviewed, capsys):
    out.add("walk", [label()])
    reviewed()
    assert main(["review", str(out.path)]) == 0
    assert capsys.readouterr().out == f"{out.path}-review/index.html: 1 sequence, 1 drawn\n"
    assert main(["review", str(out.videos)]) == 1
    assert "name the --out folder of a `boxmask generate`" in capsys.readouterr().err


def test_generation_takes_the_sequences_of_a_list(out, label, reviewed, tmp_path, capsys):
    for name in ("a", "b", "c"):
        out.add(name, [label()])
    reviewed()
    listed = tmp_path / "rejected.txt"
    command = ["generate", "got10k", "--root", str(out.videos), "--out", str(tmp_path / "again"), "--method", "box",
               "--only", str(listed)]
    listed.write_text("c\na\n")
    assert main(command) == 0
    assert {path.name for path in (tmp_path / "again").iterdir()} == {"a", "c", ".boxmask"}
    listed.write_text("c\nother\n")
    assert main(command) == 1
    assert "there is no sequence other" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main([*command, "--sequences", "a"])
