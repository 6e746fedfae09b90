"""The experiments behind committed data: their command, their tables, and the cards of the models."""

import json

import numpy as np
import pandas as pd
import pytest

from mercore import FACTS, __main__, corpora, networks, training
from mercore.study import ablations, experiments, figures, models, records, tables


@pytest.fixture(scope="module")
def index():
    return tables.RecordIndex(records.load_all())


@pytest.mark.parametrize(("name", "corpus"), [("mood_4q", "4Q"), ("genre_real", "real_genres")])
def test_the_committed_cards_follow_from_the_records(name, corpus, index):
    folds = index.folds(corpus, baselines=False)
    best = folds[tables.best_by_validation(folds)]
    record = json.loads((FACTS / "models" / name / "record.json").read_text("utf-8"))
    about = {"name": name, "title": networks.title(record["config"]["network"]), "parameters": record["parameters"],
             "classes": ", ".join(record["corpus"]["classes"]), "tracks": record["corpus"]["tracks"],
             "seed": record["config"]["seed"]}  # fmt: skip
    card = (FACTS / "cards" / f"{name}.md").read_text("utf-8").format(**about, **models.card_values(best))
    assert card == (FACTS / "models" / name / "CARD.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nothing"], "there is no study 'nothing': choose one of difficulty, ablations"),
        (["real_genres", "only_one"], "real_genres takes FOUR_QUADRANT"),
        (["ablations", "somewhere", "no such"], "there is no variant 'no such': choose from 'as it is'"),
    ],
)
def test_the_command_says_what_an_experiment_takes(words, message, capsys):
    assert __main__.main(["study", *words]) == 2
    assert message in capsys.readouterr().err


def test_the_committed_tables_have_every_row():
    assert list(pd.read_csv(figures.ABLATIONS)["variant"]) == list(ablations.variants())
    keys = pd.read_csv(experiments.DIFFICULTY)[["task", "model", "protocol"]]
    assert len(keys.drop_duplicates()) == len(keys) == 2 * (2 * len(networks.names()) + 1)


def test_a_table_is_filled_and_what_it_has_is_kept(tmp_path):
    path, table = tmp_path / "t.csv", pd.DataFrame({"n": [1], "share": [0.5]}, index=pd.Index(["b"], name="variant"))
    tasks = [(lambda: ("a", {"n": 2, "share": 0.25}), (), {})]
    experiments.fill_table(path, table, tasks, lambda found: found.sort_index())
    assert path.read_text() == "variant,n,share\na,2,0.2500\nb,1,0.5000\n"


@pytest.mark.slow
def test_a_variant_is_compared_with_the_unchanged_network(tones, monkeypatch):
    def train_smoke(corpus, key, profile, tested, **options):
        return [training.train(corpus, key, "smoke", protocol="track", epochs=1)]

    monkeypatch.setattr(corpora, "open_corpus", lambda folder, task: tones)
    monkeypatch.setattr(ablations, "train_folds", train_smoke)
    (whole,) = ablations._train("folder", ablations.UNCHANGED)
    (masked,) = ablations._train("folder", "with SpecAugment")
    assert masked.id == whole.id and not masked.predictions.equals(whole.predictions)
    name, row = ablations._measure("folder", ablations.UNCHANGED)  # not compared with the run of the variant
    assert name == ablations.UNCHANGED and row["clips"] == whole.accuracy() and row["difference"] == 0


def test_masking_sets_bands_and_frames_to_the_mean():
    batch = np.random.default_rng(0).normal(size=(8, 128, 130)).astype(np.float32) + 10
    masked = ablations.shift_and_mask(batch, np.random.default_rng(1))
    assert masked.shape == batch.shape
    assert 0 < (masked == 0).mean() < 0.3
