import numpy as np
import pandas as pd
import pytest

from mercore.evaluation import published
from mercore.study import label_permutation, text


def clips_like_the_report(order, key="conv"):
    """Test clips confused exactly as in the report's matrix, its names read as these quadrants; two a track."""
    counts = published.confusion("mood", key).to_numpy()
    rows = [
        (true, predicted)
        for true, line in zip(order, counts, strict=True)
        for predicted, n in zip(order, line, strict=True)
        for _ in range(n)
    ]
    table = pd.DataFrame(rows, columns=["label", "predicted"])
    return table.assign(track=[f"t{i // 2}" for i in range(len(table))], artist="", start=0.0)


@pytest.mark.parametrize("order", [("Q1", "Q4", "Q3", "Q2"), ("Q1", "Q2", "Q3", "Q4"), ("Q3", "Q1", "Q4", "Q2")])
def test_the_true_order_of_the_names_is_found(order):
    table = label_permutation.bootstrap("conv", clips_like_the_report(order), draws=50)
    assert table.shape == (51, 24)
    found = label_permutation.verdict(table)
    assert found["order"] == order
    assert found["share"] > 0.9
    assert label_permutation.possible_orders(table, 0.9) == [order]
    assert order in label_permutation.possible_orders(table, 1.0)
    if order == published.MOOD_ORDER:
        assert (found["lead"], found["low"], found["high"]) == (0, 0, 0)
    else:
        assert 0 < found["low"] <= found["lead"] <= found["high"]


def test_a_likelihood_by_hand():
    printed = published.confusion("mood", "conv").to_numpy()
    values = label_permutation.log_likelihoods(printed, np.full((3, 4, 4), 9.5))
    assert values.shape == (3, 24)
    np.testing.assert_allclose(values, printed.sum() * np.log(0.25))


def test_an_order_that_one_network_decides_is_not_taken_for_certain():
    as_printed, swapped = published.MOOD_ORDER, ("Q1", "Q2", "Q3", "Q4")
    tables = {
        "conv": label_permutation.bootstrap("conv", clips_like_the_report(as_printed), draws=50),
        "end2end": 3 * label_permutation.bootstrap("end2end", clips_like_the_report(swapped, "end2end"), draws=50),
    }
    assert label_permutation.verdict(sum(tables.values()))["order"] == swapped
    assert label_permutation.leave_one_out_agreement(tables) == 0
    assert label_permutation.leave_one_out_agreement({"conv": tables["conv"]}) > 0.9
    verdict = text.describe_likeliest_order(tables)
    assert "stays open between" in verdict and " or " in verdict
    assert "isn't known" in text.describe_changed_statements(tables)


def test_the_verdict_on_the_names(monkeypatch):
    swapped = ("Q1", "Q2", "Q3", "Q4")
    tables = {"conv": label_permutation.bootstrap("conv", clips_like_the_report(swapped))}
    verdict = text.describe_likeliest_order(tables)
    assert "not in the order that they mean" in verdict
    assert verdict.endswith("They are in the order Q1 Q2 Q3 Q4.")
    assert "Bohemian Rhapsody" in text.describe_changed_statements(tables)
    monkeypatch.setattr(text, "CERTAIN", 1.01)
    assert "stays open between Q1 Q2 Q3 Q4" in text.describe_likeliest_order(tables)
    assert "isn't known" in text.describe_changed_statements(tables)
    as_printed = {"conv": label_permutation.bootstrap("conv", clips_like_the_report(published.MOOD_ORDER))}
    assert "nothing speaks for a permutation" in text.describe_likeliest_order(as_printed)
    assert "stay as they are" in text.describe_changed_statements(as_printed)
