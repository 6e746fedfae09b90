import numpy as np
import pytest

from mercore import evaluation
from mercore.study import baselines


def test_statistics_hear_pitch_and_tempo():
    t = np.arange(6 * 22_050) / 22_050
    clicks = (np.sin(2 * np.pi * 880 * t) * (t % 0.5 < 0.05)).astype(np.float32)
    found = baselines.compute_statistics(clicks)
    assert found.shape == (156,)
    assert np.isfinite(found).all()
    assert found[-12] == pytest.approx(120, rel=0.05)
    assert np.abs(found - baselines.compute_statistics(np.sin(2 * np.pi * 440 * t).astype(np.float32))).max() > 1


def test_the_machine_learns_what_can_be_learnt_and_the_table_is_kept(tones):
    run = baselines.train(tones, "svm", "track")
    assert evaluation.accuracy(run.side("test")) == 1
    assert set(run.config) >= {"cost", "gamma"}
    assert (run.predictions[["p_high", "p_low"]].sum(axis=1) - 1).abs().max() < 1e-9
    assert np.array_equal(baselines.corpus_statistics(tones), baselines.corpus_statistics(tones))


def test_the_most_frequent_class_is_named_throughout(tones):
    run = baselines.train(tones, "majority", "track")
    assert run.predictions["predicted"].nunique() == 1
    assert evaluation.accuracy(run.side("test")) == 0.5
