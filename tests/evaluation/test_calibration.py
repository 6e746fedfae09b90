import numpy as np
import pandas as pd
import pytest

from mercore.evaluation import calibration


def drawn(sharpness, n=4000):
    """Clips whose labels are drawn from honest probabilities, which are then sharpened (1 leaves them honest)."""
    rng = np.random.default_rng(0)
    honest = rng.dirichlet((1, 1, 1), n)
    label = np.array(["a", "b", "c"])[(honest.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)]
    p = honest**sharpness
    p /= p.sum(axis=1, keepdims=True)
    return pd.DataFrame(p, columns=["p_a", "p_b", "p_c"]).assign(label=label)


def test_honest_probabilities_need_no_mending():
    table = drawn(1)
    assert calibration.expected_calibration_error(table) < 0.02
    assert calibration.fit_temperature(table) == pytest.approx(1, abs=0.1)


def test_an_overconfident_network_is_found_out_and_mended():
    table = drawn(3)
    assert calibration.expected_calibration_error(table) > 0.1
    by = calibration.fit_temperature(table)
    assert by == pytest.approx(3, rel=0.1)
    mended = calibration.apply_temperature(table, by)
    assert calibration.expected_calibration_error(mended) < 0.02
    columns = ["p_a", "p_b", "p_c"]
    assert (mended[columns].to_numpy().argmax(1) == table[columns].to_numpy().argmax(1)).all()
    np.testing.assert_allclose(mended[columns].sum(axis=1), 1)


def test_every_clip_is_in_one_bin():
    table = calibration.reliability_table(drawn(1), bins=5)
    assert table["n"].sum() == 4000
    assert (np.diff(table["confidence"]) > 0).all()
    assert (np.diff(table["accuracy"]) > 0).all()


def test_nothing_to_fit_and_unknown_labels():
    assert np.isnan(calibration.fit_temperature(drawn(1).iloc[:0]))
    with pytest.raises(ValueError, match="without a column"):
        calibration.fit_temperature(drawn(1).assign(label="d"))
