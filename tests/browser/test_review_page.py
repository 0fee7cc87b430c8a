"""The review page, used by keyboard and mouse in a headless Chromium."""

import json
import time

import pytest


def listed(browser):
    return browser.run("Array.from(document.querySelectorAll('#rows .name button'), (each) => each.textContent)")


def chosen(browser):
    return browser.text("#detail h2")


def status(browser):
    return browser.text("#status")


def choose(browser, field, value):
    """Sets a field as typing or choosing does."""
    browser.run(f"""(() => {{
        const field = document.getElementById({json.dumps(field)});
        field.value = {json.dumps(value)};
        field.dispatchEvent(new Event('input', {{bubbles: true}}));
    }})()""")


def test_the_worst_sequence_comes_first_and_is_open(browser):
    scores = browser.run("app.shown.map((one) => one.score)")
    assert len(scores) == 6 and scores == sorted(scores)
    assert chosen(browser) == listed(browser)[0]
    worst = browser.run("app.detail.details.frames[app.detail.details.worst].name")
    assert browser.text("#says strong") == worst


def test_the_head_says_how_many_sequences_failed_and_leaves_out_what_there_is_none_of(browser, folder):
    assert browser.text("#summary") == "grabcut \u00b7 6 sequences \u00b7 frames: 70 ok, 2 absent"
    for outcomes, said in (("{failed: 0}", "6 sequences, 1 failed \u00b7 frames: 58 ok, 2 absent"),
                           ("{failed: 7}", "6 sequences, 1 failed \u00b7 frames: 58 ok, 2 absent, 7 failed")):
        browser.run(f"app.sequences.find((one) => one.name === 'walk-1').outcomes = {outcomes}")
        browser.run("app.fillHead()")
        assert browser.text("#summary") == f"grabcut \u00b7 {said}"
    browser.run("app.sequences.forEach((one) => { one.outcomes = {failed: 0}; })")
    browser.run("app.fillHead()")
    assert browser.text("#summary") == "grabcut \u00b7 6 sequences, 6 failed"


def test_nothing_but_files_beside_the_page_is_asked_for(browser, folder):
    browser.press("j", "j", "j")
    browser.wait("Array.from(document.images).filter((one) => one.complete && one.naturalWidth).length > 8")
    addresses = [each for each in browser.addresses() if not each.startswith(("data:", "blob:"))]
    assert addresses and all(each.startswith(folder.page.as_uri() + "/") for each in addresses)


def test_columns_sort_both_ways_and_names_as_numbers(browser):
    browser.click("[data-sort=name]")
    names = listed(browser)
    assert [name for name in names if name.startswith("walk")] == ["walk-1", "walk-2", "walk-10"]
    assert browser.run("document.querySelector('th.name[aria-sort]').getAttribute('aria-sort')") == "ascending"
    browser.press("Enter")  # the focus is still on it
    assert listed(browser) == names[::-1]
    assert browser.run("document.querySelector('th.name[aria-sort]').getAttribute('aria-sort')") == "descending"


def test_filters_by_name_outcome_and_mark(browser):
    choose(browser, "search", "WALK")
    assert sorted(listed(browser)) == ["walk-1", "walk-10", "walk-2"] and chosen(browser).startswith("walk")
    choose(browser, "search", "")
    choose(browser, "outcome", "absent")
    assert listed(browser) == ["absent"] == [chosen(browser)]
    choose(browser, "outcome", "")
    first = chosen(browser)
    browser.press("r")
    choose(browser, "marked", "rejected")
    assert listed(browser) == [first]
    choose(browser, "search", "nothing like it")
    assert listed(browser) == [] and browser.run("document.getElementById('nothing').hidden") is False
    browser.press("j", "a", "ArrowRight")  # which harms nothing


def test_a_name_is_found_however_its_accents_are_encoded(browser):
    browser.run("app.sequences[0].name = 'B\\u00e4r_1'; app.sequences[1].name = 'ba\\u0308r_2'")
    for text in ("B\u00c4R", "ba\u0308r"):
        choose(browser, "search", text)
        assert sorted(listed(browser)) == ["B\u00e4r_1", "ba\u0308r_2"]


def test_keys_go_through_sequences_and_frames(browser):
    names = listed(browser)
    browser.press("j", "j", "k")
    browser.wait("app.detail.details && true")
    assert chosen(browser) == names[1]
    assert browser.run("document.querySelectorAll('#rows [aria-current]').length") == 1
    browser.run("app.detail.go(0)")
    browser.press("ArrowRight", "ArrowRight", "ArrowLeft")
    assert browser.run("app.detail.position") == 1
    assert browser.text("#says strong") == browser.run("app.detail.details.frames[1].name")
    assert browser.run("document.querySelector('#detail input').value") == "1"
    browser.press("k", "k", "k")
    assert chosen(browser) == names[0] and "first sequence" in status(browser)


def test_a_key_that_is_held_goes_on_but_marks_once(browser):
    names = listed(browser)
    browser.press("a", repeats=3)
    browser.press("R", repeats=3)
    assert chosen(browser) == names[2] and browser.run("app.marks.size") == 2
    browser.press("j", repeats=1)
    browser.run("document.querySelector('[data-mark=rejected]').focus()")
    browser.press("Enter", repeats=3)
    assert chosen(browser) == names[5] and browser.run("app.marks.size") == 3


def test_letters_are_letters_in_a_field_and_where_they_are_off(browser):
    browser.press("/", "r")
    assert browser.run("document.getElementById('search').value") == "r"
    assert browser.run("app.marks.marks.size") == 0
    choose(browser, "search", "")
    browser.run("document.activeElement.blur()")
    browser.run("document.getElementById('keys-on').checked = false")
    browser.press("r")
    assert browser.run("app.marks.marks.size") == 0


@pytest.mark.parametrize("key", ["Enter", "Escape"])
def test_the_keys_are_back_after_a_search(browser, key):
    browser.press("/", "w", "a", "l", key)
    text = browser.run("document.getElementById('search').value")
    assert text == browser.run("app.filter.text") == ("wal" if key == "Enter" else "")
    following = browser.run("app.neighbour(1).name")
    browser.press("j")
    assert chosen(browser) == following and browser.run("document.getElementById('search').value") == text


def test_the_scrubber_the_plot_and_the_contact_sheet_choose_the_frame(browser):
    last = browser.run("app.detail.details.frames.length") - 1
    browser.run("document.querySelector('#detail input[type=range]').focus()")
    browser.run("app.detail.go(0)")
    browser.press("ArrowRight")
    assert browser.run("app.detail.position") == 1
    browser.click(f".cell:nth-child({last + 1})")
    assert browser.run("app.detail.position") == last
    browser.click(".graph svg")  # in its middle
    shown = browser.run("app.detail.details.frames[app.detail.position].index")
    assert abs(shown - 6) <= 1


def test_a_picture_shows_its_own_part_of_the_sheet(browser):
    browser.run("app.detail.go(7)")
    browser.wait("document.querySelector('.large img').complete")
    place = browser.run("""(() => {
        const {details} = app.detail;
        const image = document.querySelector('.large img').getBoundingClientRect();
        const window = document.querySelector('.large .window').getBoundingClientRect();
        return [(window.x - image.x) / window.width, (window.y - image.y) / window.height,
            image.width / window.width, image.height / window.height];
    })()""")
    assert place == pytest.approx([7 % 6, 7 // 6, 6, 2], abs=0.02)


@pytest.fixture
def lost(folder, browser):
    """lost(sequence, ending): takes a file of a sequence away and opens the page at the sequence, alone."""
    moved = []

    def take(name, ending):
        file = browser.run(f"app.sequences.find((one) => one.name === {json.dumps(name)}).file") + ending
        path = folder.page / "pictures" / file
        moved.append((path.rename(folder.page / file), path))
        browser.call("Network.setCacheDisabled", cacheDisabled=True)
        browser.open(folder.page / "index.html")
        choose(browser, "search", name)
        browser.wait("document.querySelector('#detail [role=alert]') && true")
        return file

    yield take
    for away, path in moved:
        away.rename(path)
    missing = [message for message in browser.messages if "ERR_FILE_NOT_FOUND" in str(message)]
    assert missing
    browser.messages[:] = [message for message in browser.messages if message not in missing]


@pytest.mark.parametrize("ending", ["-1.jpg", ".js"])
def test_a_file_that_is_not_there_is_said_once_and_on_top(browser, lost, ending):
    file = lost("walk-10", ending)
    assert chosen(browser) == "walk-10"
    assert browser.run("document.querySelectorAll('#detail [role=alert]').length") == 1
    assert browser.text("#detail .head + [role=alert]").startswith(f"pictures/{file} is not beside this page")
    assert "Loading" not in browser.text("#detail")
    choose(browser, "search", "walk-2")
    browser.wait("app.detail.details && true")
    assert browser.run("document.querySelector('#detail [role=alert]')") is None


def test_details_that_come_when_nothing_is_chosen_are_taken(browser):
    choose(browser, "search", "nothing like it")
    browser.run("for (let n = 0; n < 30; n++) boxmaskReview({file: String(n), frames: []})")
    assert browser.run("app.detail.loaded.size") == 20 and browser.text("#detail") == ""


def test_marks_are_kept_and_the_next_sequence_is_chosen(browser, folder):
    names = listed(browser)
    browser.press("a", "r")
    assert chosen(browser) == names[2]
    browser.open(folder.page / "index.html")
    assert browser.run(f"[app.marks.of({json.dumps(names[0])}), app.marks.of({json.dumps(names[1])})]") == [
        "accepted", "rejected"]
    assert browser.run("Array.from(document.querySelectorAll('#rows td.mark'), (one) => one.textContent)")[:2] == [
        "accepted", "rejected"]
    browser.press("u")
    assert browser.run(f"app.marks.of({json.dumps(names[0])})") == ""


def test_marks_that_the_browser_does_not_keep_are_said(browser):
    browser.run("Storage.prototype.setItem = () => { throw new DOMException('no') }")
    browser.press("a")
    assert "does not keep marks" in status(browser) and browser.run("app.marks.marks.size") == 1


def test_the_focus_stays_on_a_button_that_goes_to_the_next_sequence(browser):
    browser.run("document.querySelector('[data-mark=accepted]').focus()")
    browser.press("Enter")
    browser.wait("app.detail.details && document.activeElement.dataset.mark === 'accepted'")
    assert chosen(browser) == listed(browser)[1] and browser.run("app.marks.marks.size") == 1


def test_lists_are_downloaded_and_read_again(browser):
    names = sorted(listed(browser))
    for name in names:
        browser.run(f"app.marks.set([{json.dumps(name)}], {json.dumps('accepted' if name < 'b' else 'rejected')})")
    browser.run("app.showMarks()")
    browser.click(".menu summary")
    browser.click("#save-rejected")
    path = browser.folder / "downloads" / "rejected.txt"
    end = time.monotonic() + 20
    while not path.exists() or not path.stat().st_size:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert sorted(path.read_text().splitlines()) == [name for name in names if name >= "b"]
    browser.run("window.confirm = () => true")
    browser.click("#clear-marks")
    assert browser.run("app.marks.marks.size") == 0
    with open(path, "a") as file:
        file.write("elsewhere\r\n")
    node = browser.call("DOM.querySelector", nodeId=browser.call("DOM.getDocument")["root"]["nodeId"],
                        selector="#load-rejected")["nodeId"]
    browser.call("DOM.setFileInputFiles", nodeId=node, files=[str(path)])
    browser.wait("app.marks.marks.size > 0")
    assert browser.run("app.marks.names('rejected')") == browser.run("app.marks.names('rejected').sort(byName.compare)")
    assert sorted(browser.run("app.marks.names('rejected')")) == [name for name in names if name >= "b"]
    assert "of no sequence here: 1 name in the list" in status(browser)
    path.unlink()


def test_a_mark_is_gone_when_its_masks_have_been_made_again(browser, folder):
    browser.run("app.marks.set(['walk-1', 'walk-2'], 'accepted')")
    with open(folder.root / "walk-1" / "groundtruth.txt", "r+") as file:
        text = file.read().replace(",20\n", ",18\n")
        file.seek(0)
        file.write(text)
    folder.make(overwrite=True, sequences=("walk-1",))
    browser.open(folder.page / "index.html")
    assert browser.run("app.marks.names('accepted')") == ["walk-2"]
    assert status(browser).endswith("1 mark.") and "made again" in status(browser)


def test_the_list_fits_the_filter_when_many_marks_change_at_once(browser):
    browser.run("app.marks.set(['walk-1', 'walk-2'], 'accepted')")
    choose(browser, "marked", "accepted")
    assert sorted(listed(browser)) == ["walk-1", "walk-2"]
    browser.run("app.addList({files: [new Blob(['walk-2\\nwalk-10\\n'])]}, 'rejected')")
    browser.wait("app.marks.of('walk-10')")
    assert listed(browser) == ["walk-1"] == [chosen(browser)]
    browser.run("""localStorage.setItem(app.marks.key,
        JSON.stringify({absent: ['accepted', app.marks.stamps.get('absent')]}));
        window.dispatchEvent(new Event('storage'))""")
    assert listed(browser) == ["absent"] == [chosen(browser)]
    browser.run("window.confirm = () => true; app.clearMarks()")
    assert listed(browser) == [] and browser.run("document.getElementById('nothing').hidden") is False
    choose(browser, "marked", "unmarked")
    assert len(listed(browser)) == 6


def test_marks_are_of_a_folder_by_whichever_link_it_is_named(browser, folder):
    link = folder.out.with_name("link")
    link.symlink_to(folder.out)
    folder.build(link)
    browser.open(folder.page / "index.html")
    browser.run("app.marks.set(['absent', 'walk-2'], 'accepted')")
    link.unlink()
    folder.build()
    browser.open(folder.page / "index.html")
    assert browser.run("app.marks.names('accepted')") == ["absent", "walk-2"]


def test_marks_of_masks_that_the_page_does_not_have_are_kept_until_all_are_taken_away(browser, folder):
    browser.run("app.marks.set(['walk-1', 'walk-2', 'absent'], 'accepted')")
    elsewhere, manifest = folder.root.parent / "walk-2", folder.out / "absent" / "manifest.json"
    text = manifest.read_text()
    (folder.out / "walk-2").rename(elsewhere)
    manifest.write_text(text[:-5])
    folder.build()
    browser.open(folder.page / "index.html")
    assert status(browser) == "Kept for sequences without masks on this page: 2 marks."
    browser.run("app.marks.set(['walk-1'], '')")
    browser.run("app.marks.set(['walk-10'], 'rejected')")
    assert browser.run("app.marks.names('accepted')") == []
    elsewhere.rename(folder.out / "walk-2")
    manifest.write_text(text)
    folder.build()
    browser.open(folder.page / "index.html")
    assert browser.run("app.marks.names('accepted')") == ["absent", "walk-2"]
    browser.run("app.marks.others.set('gone', ['accepted', 'x'])")
    browser.run("window.confirm = (text) => { window.asked = text; return true; }")
    browser.run("app.clearMarks()")
    assert browser.run("asked") == "Take away 4 marks?" and browser.run("Object.values(localStorage)") == ["{}"]


def test_everything_that_can_be_used_has_a_name_and_the_focus_can_be_seen(browser):
    unnamed = browser.run("""Array.from(document.querySelectorAll('button, input, select, summary, img, svg'))
        .filter((one) => !(one.textContent.trim() || one.getAttribute('aria-label') || one.hasAttribute('alt') ||
            (one.labels && one.labels.length))).map((one) => one.outerHTML)""")
    assert unnamed == []
    browser.press("Tab", "Tab")
    assert browser.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_both_schemes(browser, scheme):
    browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.press("a", "r", "k")
    ratios = browser.run("""(() => {
        const light = (colour) => {
            const parts = colour.match(/[\\d.]+/g).slice(0, 3).map((each) => each / 255)
                .map((each) => (each <= 0.03928 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4));
            return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
        };
        const behind = (element) => {
            for (let one = element; one; one = one.parentElement) {
                const colour = getComputedStyle(one).backgroundColor;
                if (!colour.startsWith('rgba(0, 0, 0, 0')) return colour;
            }
        };
        return Array.from(document.querySelectorAll('h1, #summary, button:enabled, td, th, .tag, #says, .label'),
            (one) => {
                const [a, b] = [light(getComputedStyle(one).color), light(behind(one))];
                return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            });
    })()""")
    browser.call("Emulation.setEmulatedMedia", features=[])
    assert len(ratios) > 50 and min(ratios) >= 4.5  # WCAG 2.1, AA


def test_a_list_of_thousands_has_pages(browser):
    browser.run("""(() => {
        const some = app.sequences[0];
        app.sequences = Array.from({length: 5000}, (_, n) => ({...some, name: `sequence-${n}`, score: n / 5000}));
        app.refresh();
    })()""")
    assert len(listed(browser)) == 50 and browser.text("#page-place") == "1 to 50 of 5000"
    browser.click("#page-on")
    assert listed(browser)[0] == "sequence-50"
    browser.run("app.open(app.shown[99])")
    browser.press("j")
    assert chosen(browser) == "sequence-100" and browser.text("#page-place") == "101 to 150 of 5000"
