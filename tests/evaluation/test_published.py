"""The report's numbers agree with each other, and are offered only where its classes are ours."""

import numpy as np
import pytest

from mercore import FACTS
from mercore.evaluation import published

TASKS = [(task, key) for task in ("genre", "mood") for key in published.networks()]


@pytest.mark.parametrize(("task", "key"), TASKS)
def test_matrices_agree_with_the_annex(task, key):
    matrix = published.confusion(task, key).to_numpy()
    correct, n = published.test_counts(task, key)
    assert matrix.sum() == n
    assert np.trace(matrix) == correct
    printed = published.accuracy(task).loc[key, "test"]
    digits = len(str(printed)) - 2  # four but for .62 and .54: 272 of 438 are .6210
    assert correct / n == pytest.approx(printed, abs=1.1e-4 if digits == 4 else 1.1e-3)


def test_figure_numbers_are_those_of_the_catalogue():
    text = (FACTS / "figures.csv").read_text(encoding="utf-8")
    for task, key in TASKS:
        number = published.figure_number(task, key)
        assert f"\n{number},fig{number}_{task}_{key}_confusion," in text


def test_annex_is_laid_out_as_printed():
    table = published.annex("genre")
    assert list(table.index) == ["Training", "Validation", "Test"]
    assert list(table) == ["Conv", "BLTSM", "Conv + BLSTM", "GRU", "Conv + BGRU", "End2End", "End2End GRU"]
    assert table.loc["Test", "End2End GRU"] == 0.8639
    assert published.annex("mood").loc["Training", "Conv + BGRU"] == 0.8264


def test_moods_keep_their_printed_names_and_order():
    printed = published.confusion("mood", "conv")
    assert (
        list(printed.index)
        == list(printed.columns)
        == [
            "Excited/Happy/Pleased",
            "Relaxed/Peaceful/Calm",
            "Sad/Bored/Sleepy",
            "Annoying/Angry/Nervous",
        ]
    )
    assert printed.to_numpy()[0].tolist() == [56, 24, 25, 24]


def test_case_studies_in_our_classes():
    shares = published.case_study_shares("bohemian_rhapsody", "genre")
    assert shares["classical"] == 0.39
    assert shares["blues"] == 0
    assert shares.sum() == pytest.approx(1)
    moods = published.case_study_shares("bohemian_rhapsody", "mood")
    assert moods.to_dict() == {"Q1": 0.2, "Q2": 0.4, "Q3": 0.4, "Q4": 0.0}


def test_only_the_reports_classes_are_compared():
    assert published.has_classes("mood", ["Q1", "Q2", "Q3", "Q4"])
    assert not published.has_classes("genre", published.classes("genre")[:5])
    assert not published.has_classes("label", published.classes("genre"))
    with pytest.raises(ValueError, match="tempo"):
        published.accuracy("tempo")
    with pytest.raises(ValueError, match="bohemian_rhapsody"):
        published.case_study("yesterday")
