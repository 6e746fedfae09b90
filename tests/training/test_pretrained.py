"""Trained networks to start with: what is kept works as the run did, and what is committed loads."""

import json

import numpy as np
import pytest

from mercore import UserError, songs, training
from mercore.training import pretrained, runs


@pytest.fixture(scope="module")
def run(tones):
    return training.train(tones, "bgru", "tuned", "all", epochs=1, clips_per_track=3)


def test_everything_trains_and_nothing_is_tested(run):
    assert set(run.predictions["side"]) == {"train"}
    assert "nothing was tested" in run.notes[0]
    assert np.isnan(run.accuracy())


def test_a_model_gives_the_probabilities_of_its_run(run, tmp_path):
    folder = pretrained.publish(run, "low_or_high", "# A card\n", tmp_path)
    assert sorted(p.name for p in folder.iterdir()) == sorted([pretrained.CARD, runs.MODEL, runs.RECORD])
    model = pretrained.load("low_or_high", tmp_path)
    assert pretrained.names(tmp_path) == ["low_or_high"]
    assert pretrained.card("low_or_high", tmp_path) == "# A card\n"
    rng = np.random.default_rng(0)
    song = songs.Song(
        tmp_path / "noise.wav", "noise", "", 9.0, None, rng.normal(0, 0.1, 9 * 22_050).astype(np.float32)
    )
    ours, theirs = (songs.analyse(song, which, 5).probabilities for which in (model, run))
    np.testing.assert_array_equal(ours, theirs)
    assert list(ours) == list(run.classes)


def test_what_is_missing_spoilt_there_or_too_large_is_told(run, tmp_path, monkeypatch):
    folder = pretrained.publish(run, "one", "card", tmp_path)
    with pytest.raises(UserError, match="a model of this name is there"):
        pretrained.publish(run, "one", "card", tmp_path)
    with pytest.raises(UserError, match="there is no such model; there are one"):
        pretrained.load("two", tmp_path)
    record = json.loads((folder / runs.RECORD).read_text())
    record["config"]["features"]["top_db"] = 60.0
    (folder / runs.RECORD).write_text(json.dumps(record))
    with pytest.raises(UserError, match=r"one: was trained with top_db 60\.0, not 80\.0"):
        pretrained.load("one", tmp_path)
    (folder / runs.MODEL).write_bytes(b"no weights")
    with pytest.raises(UserError, match="not a complete model"):
        pretrained.load("one", tmp_path)
    monkeypatch.setattr(pretrained, "MAX_BYTES", 10)
    with pytest.raises(UserError, match="too large to be committed"):
        pretrained.publish(run, "three", "card", tmp_path)


@pytest.mark.parametrize("name", pretrained.names())
def test_the_committed_models_load_and_have_a_card(name):
    model = pretrained.load(name)
    assert model.model().output_shape == (None, len(model.classes))
    text = pretrained.card(name)
    assert all(word in text for word in ("## Trained on", "## How good it is", "## Not for"))
