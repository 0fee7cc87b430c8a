"""What is printed and written of scores."""

import csv
import io
import json

import numpy as np
import pytest

from boxmask.evaluate.report import Report, Row
from boxmask.evaluate.table import format_comparison, format_report


def row(sequence, object_id, frames, totals, weights=(1.0, 1.0)):
    return Row(sequence, object_id, frames, np.array(totals), np.array(weights))


REPORT = Report(("J mean", "AO"), (row("bear", 1, 2, [1.0, 3.0], [1.0, 4.0]), row("bear", 2, 2, [0.5, 1.0], [1.0, 4.0]),
                                   row("dance-jump", 1, 7, [0.0, 0.0], [1.0, 0.0])))


def test_scores_are_sums_of_totals_over_sums_of_weights():
    assert REPORT.score("J mean") == 0.5 and REPORT.score("AO") == 0.5 and REPORT.frames == 9
    np.testing.assert_array_equal([each.scores for each in REPORT.sequences], [[0.75, 0.5], [0.0, np.nan]])
    with pytest.raises(ValueError, match="not in"):
        REPORT.score("J")


def test_the_table():
    lines = format_report(REPORT, REPORT.interval(draws=100, seed=3)).splitlines()
    assert lines[0].split() == ["sequence", "frames", "J", "mean", "AO"]
    assert [line.split() for line in lines[1:4]] == [["bear", "2", "0.750", "0.500"], ["dance-jump", "7", "0.000", "-"],
                                                     ["all", "9", "0.500", "0.500"]]
    assert lines[4].split() == ["2.5", "%", "0.000", "0.500"] and lines[5].split() == ["97.5", "%", "0.750", "0.500"]
    assert "100 bootstrap draws of the 2 sequences, seed 3" in lines[6]
    assert len({len(line) for line in lines[:6]}) == 1
    assert format_report(REPORT).splitlines() == lines[:4]


def test_a_single_sequence_has_no_interval():
    report = Report(("J mean", "AO"), REPORT.rows[:2])
    interval = report.interval(draws=10, seed=0)
    assert len(format_report(report, interval).splitlines()) == 3
    assert report.to_json(interval)["intervals"]["AO"] == [None, None]


def test_csv_has_a_line_per_object():
    lines = list(csv.DictReader(io.StringIO(REPORT.to_csv())))
    assert [(line["sequence"], line["object"], line["frames"], line["J_mean"], line["AO"]) for line in lines] == [
        ("bear", "1", "2", "1.000000", "0.750000"), ("bear", "2", "2", "0.500000", "0.250000"),
        ("dance-jump", "1", "7", "0.000000", "")]


def test_json_has_everything():
    content = json.loads(json.dumps(REPORT.to_json(REPORT.interval(draws=100, seed=3)), allow_nan=False))
    assert content == {
        "J_mean": 0.5, "AO": 0.5,
        "intervals": {"percentiles": [2.5, 97.5], "draws": 100, "seed": 3, "J_mean": [0.0, 0.75], "AO": [0.5, 0.5]},
        "sequences": {"bear": {"J_mean": 0.75, "AO": 0.5, "frames": 2,
                               "objects": {"1": {"J_mean": 1.0, "AO": 0.75, "frames": 2},
                                           "2": {"J_mean": 0.5, "AO": 0.25, "frames": 2}}},
                      "dance-jump": {"J_mean": 0.0, "AO": None, "frames": 7,
                                     "objects": {"1": {"J_mean": 0.0, "AO": None, "frames": 7}}}}}
    assert "intervals" not in REPORT.to_json()


def test_a_sequence_without_scores_changes_no_interval():
    nothing = row("gone", 1, 0, [0.0, 0.0], [0.0, 0.0])
    report = Report(REPORT.columns, (nothing, *REPORT.rows))
    with_it, without = (each.interval(draws=100, seed=3) for each in (report, REPORT))
    np.testing.assert_array_equal([with_it.low, with_it.high], [without.low, without.high])
    lines = format_report(report, with_it).splitlines()
    assert lines[1].split() == ["gone", "0", "-", "-"] and "draws of the 2 sequences" in lines[-1]


def test_methods_side_by_side():
    lines = format_comparison({"ours": REPORT, "filled box": REPORT}).splitlines()
    assert lines[0].split("  ")[-1] == "filled box"
    assert lines[1].split() == ["bear", "0.750", "0.750"] and lines[-1].split() == ["all", "0.500", "0.500"]
    assert len({len(line) for line in lines}) == 1
    assert format_comparison({"ours": REPORT}, "AO").splitlines()[0].split() == ["AO", "ours"]
