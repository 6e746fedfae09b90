"""Figures carry their provenance, are legible, written whole and the same each time."""

from dataclasses import replace
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from mercore import UserError, evaluation, features, plots
from mercore.corpora.clips import cut
from mercore.evaluation import published
from mercore.plots.provenance import Provenance
from mercore.plots.style import SMALL, new_figure
from mercore.songs.analysis import Analysis, Song
from mercore.training.runs import Run

GENRES = published.classes("genre")
MOODS = ("Q1", "Q2", "Q3", "Q4")


def run_of(task="genre", network="end2end_gru", name=None, protocol="artist", classes=None, notes=(), seed=0):
    """A run as training leaves it, its predictions drawn at random and mostly right."""
    classes = classes or (GENRES if task == "genre" else MOODS)
    rng = np.random.default_rng(seed)
    rows = [
        {
            "track": f"{label}.{side}{t}",
            "label": label,
            "artist": f"{label} {side} {t // 2}",
            "start": 3.0 * clip,
            "side": side,
            "predicted": label if rng.random() < 0.7 else rng.choice(classes),
        }
        for side in evaluation.SIDES
        for label in classes
        for t in range(2)
        for clip in range(5)
    ]
    config = {"network": network, "protocol": protocol, "seed": seed, "profile": "quick"}
    about = {"name": name or f"embedded {task}", "kind": "composed", "task": task, "classes": list(classes)}
    return Run(config, about, pd.DataFrame(), pd.DataFrame(rows), {"training": 1.0}, notes, 180647)


def song_of(task, sections=True):
    classes = list(GENRES if task == "genre" else MOODS)
    known = pd.DataFrame(
        {
            "start": [0, 60],
            "end": [60, 200],
            "section": ["piano", "rock"],
            "genre": ["classical", "rock"],
            "mood": ["Q3", "Q1"],
        }
    )
    song = Song(Path("song.wav"), "A song", "A band", 200.0, known if sections else None, np.zeros(9))
    starts = pd.Index(np.linspace(0, 197, 100), name="start")
    shares = np.random.default_rng(0).dirichlet(np.ones(len(classes)), 100)
    return Analysis(song, task, pd.DataFrame(shares, starts, classes))


def texts_of(fig):
    return " ".join(text.get_text() for text in fig.findobj(Text) if text.get_visible()).replace("\n", " ")


def ticks_overlap(fig):
    """Pairs of tick labels of one axis that lie on each other."""
    renderer = FigureCanvasAgg(fig).get_renderer()
    fig.draw(renderer)
    return [
        (a.get_text(), b.get_text())
        for ax in fig.axes
        for axis in (ax.xaxis, ax.yaxis)
        for a, b in combinations([t for t in axis.get_ticklabels() if t.get_text() and not t.get_rotation()], 2)
        if a.get_window_extent(renderer).shrunk(0.98, 0.9).overlaps(b.get_window_extent(renderer))
    ]


def every_figure():
    runs = [run_of(network=key, seed=i) for i, key in enumerate(published.networks())]
    summary = evaluation.summarise(runs)
    yield "accuracies", plots.plot_accuracies(summary, "genre", GENRES, "artist")
    yield "genre confusion", plots.plot_run_confusion(runs[0])
    yield "mood confusion", plots.plot_run_confusion(run_of("mood"))
    yield "own confusion", plots.plot_run_confusion(run_of("label", classes=("mine", "theirs")))
    many = [f"a class with a long name, {n}" for n in range(4)]
    yield "long names", plots.plot_run_confusion(run_of("label", classes=many))
    yield (
        "many classes",
        plots.plot_run_confusion(run_of("label", classes=[f"class {n}" for n in range(30)])),
    )
    yield "song", plots.plot_song(song_of("genre"), report="bohemian_rhapsody")
    yield "plain song", plots.plot_song(song_of("mood", sections=False))
    yield "russell", plots.plot_russell()
    y = np.sin(np.arange(66150) * 0.1).astype(np.float32)
    mel = features.log_mel(y)
    yield "waveform", plots.plot_waveform(y)
    yield "mel", plots.plot_mel_spectrogram(mel)
    yield "spectrogram", plots.plot_spectrogram(y)
    yield "filters", plots.plot_mel_filters()
    yield "augmentation", plots.plot_augmentation(mel, [np.roll(mel, 3, 0), np.roll(mel, 9, 1)])
    history = pd.DataFrame(
        {
            "loss": [2, 1],
            "accuracy": [0.3, 0.6],
            "val_loss": [2, 1.5],
            "val_accuracy": [0.3, 0.5],
            "chosen": [False, True],
        }
    )
    yield "history", plots.plot_history(history)
    tracks = pd.DataFrame(
        {"label": np.repeat(GENRES, 4), "artist": ["a", "a", "b", ""] * 10, "duration": 30.0},
        index=pd.Index([f"t{i}" for i in range(40)], name="track"),
    )
    yield "counts", plots.plot_class_counts(SimpleNamespace(usable=tracks, classes=GENRES))
    clips = cut(tracks)
    rows = np.arange(len(clips))
    split = SimpleNamespace(protocol="clip", train=rows[:300], validation=rows[300:350], test=rows[350:390])
    yield "split", plots.plot_split(split, clips)


@pytest.mark.slow
def test_every_figure_is_legible(tmp_path):
    for name, fig in every_figure():
        path = plots.save(fig, "it", Provenance(corpus="embedded genre", protocol="artist", composed=True), tmp_path)
        assert not plots.is_blank(path), name
        sizes = [t.get_fontsize() for t in fig.findobj(Text) if t.get_visible() and t.get_text().strip()]
        assert min(sizes) >= SMALL, name
        assert fig.get_figwidth() in (7, 10), name
        assert not ticks_overlap(fig), name
        renderer = FigureCanvasAgg(fig).get_renderer()
        boxes = [text.get_window_extent(renderer) for text in fig.texts]  # title, caption, footer
        for box in boxes:
            assert box.x0 >= 0 and box.x1 <= fig.bbox.x1 and box.y0 >= 0 and box.y1 <= fig.bbox.y1, name
            assert not any(box.overlaps(other) for other in boxes if other is not box), name
            assert not any(box.shrunk(1, 0.9).overlaps(ax.get_tightbbox(renderer)) for ax in fig.axes), name


def test_footer_says_what_the_numbers_rest_on():
    text = Provenance.of(run_of(notes=("not tested, too few artists: blues",))).text()
    assert "embedded corpus (composed by this project), not GTZAN/4Q" in text
    for part in (
        "split by artist",
        "20 tracks, 100 clips",
        "seed 0",
        "profile quick",
        "too few artists: blues",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("name", "warned"),
    [
        ("GTZAN-mini", True),
        ("GTZAN (20 of 1000 tracks)", True),
        ("GTZAN", False),
        ("4Q", False),
        ("4Q (898 of 900 tracks)", False),
        ("GTZAN-mini (12 of 100 tracks)", True),
    ],
)
def test_small_corpora_are_warned_of(name, warned):
    assert ("too small for claims" in Provenance(corpus=name).text()) == warned


def test_several_runs_share_a_footer():
    runs = [run_of(network="conv"), run_of(network="bgru", seed=1)]
    about = Provenance.of(*runs)
    assert (about.tracks, about.clips, about.seed) == (20, 100, None)


def test_provenance_of_a_corpus():
    corpus = SimpleNamespace(name="4Q", kind="4q", usable=pd.DataFrame(index=range(900)))
    assert Provenance.of_corpus(corpus).text() == "Corpus: 4Q, 900 tracks."


def test_saved_under_the_report_s_names_with_the_footer(tmp_path, monkeypatch):
    monkeypatch.setenv("MERCORE_FIGURES", str(tmp_path))
    run = run_of("mood", "conv")
    fig = plots.plot_run_confusion(run)
    path = plots.save(fig, published.figure_number("mood", "conv"), Provenance.of(run))
    assert path == tmp_path / "fig24_mood_conv_confusion.png"
    assert "not GTZAN/4Q" in texts_of(fig)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]  # no SVG, nothing temporary
    about = plots.read_provenance(path)
    assert about["Description"] == Provenance.of(run).text()
    assert (about["real"], about["protocol"]) == ("no", "artist")
    assert Provenance(corpus="GTZAN-mini").real
    assert not Provenance(note="no corpus").real


def test_line_art_is_written_as_svg_too_and_bytes_repeat(tmp_path):
    for folder in ("a", "b"):
        plots.save(plots.plot_russell(), 1, Provenance(note="x"), tmp_path / folder)
    for suffix in (".png", ".svg"):
        first, second = (tmp_path / folder / f"fig01_russell_quadrants{suffix}" for folder in ("a", "b"))
        assert first.read_bytes() == second.read_bytes()


def test_saving_twice_changes_nothing(tmp_path):
    fig = plots.plot_russell()
    first = plots.save(fig, "one", Provenance(note="x"), tmp_path).read_bytes()
    assert plots.save(fig, "one", Provenance(note="x"), tmp_path).read_bytes() == first


def test_names_come_from_the_catalogue():
    assert len(plots.catalogue()) == 26
    assert plots.figure_name(7) == "fig07_genre_results"
    with pytest.raises(ValueError, match="27"):
        plots.figure_name(27)
    with pytest.raises(ValueError, match="letters"):
        plots.figure_name("../elsewhere")


def test_a_folder_that_is_a_file_gives_one_clear_line(tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(UserError, match="taken"):
        plots.save(plots.plot_russell(), "x", Provenance(), tmp_path / "taken")


def test_a_failed_write_leaves_the_old_figure(tmp_path, monkeypatch):
    path = plots.save(plots.plot_russell(), "x", Provenance(), tmp_path)
    before = path.read_bytes()
    fig = plots.plot_russell()
    monkeypatch.setattr(fig, "savefig", lambda *a, **k: (_ for _ in ()).throw(RuntimeError("killed")))
    with pytest.raises(RuntimeError):
        plots.save(fig, "x", Provenance(), tmp_path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["x.png"]


@pytest.mark.parametrize("size", [(7, 3), (10, 5)])
@pytest.mark.parametrize("axes", [True, False])
def test_blank_figures_are_found(tmp_path, size, axes):
    fig, ax = new_figure(*size)
    if not axes:
        ax.axis("off")
    run = run_of()
    assert plots.is_blank(plots.save(fig, "blank", Provenance.of(run), tmp_path))


def test_what_is_no_image_is_blank(tmp_path):
    (tmp_path / "x.png").write_bytes(b"")
    assert plots.is_blank(tmp_path / "x.png")


def test_report_stands_beside_ours_only_where_the_classes_are_its():
    fig = plots.plot_run_confusion(run_of("mood", "conv"))
    text = texts_of(fig)
    for part in ("Annoying/ Angry/ Nervous", "Q2 angry/ tense", "Protocols differ", "as it printed them"):
        assert part in text
    assert "Protocols differ" not in texts_of(plots.plot_run_confusion(run_of(protocol="clip")))
    own = texts_of(plots.plot_run_confusion(run_of("genre", classes=("rock", "jazz"))))
    assert "report" not in own
    song = song_of("genre")
    song = replace(song, probabilities=song.probabilities[["rock", "jazz"]])
    assert "report" not in texts_of(plots.plot_song(song, report="bohemian_rhapsody"))


def test_confusion_shows_the_counts_it_is_given():
    counts = pd.DataFrame([[3, 1], [0, 0]], index=["a", "b"], columns=["a", "b"])
    fig = plots.plot_confusion(counts)
    numbers = [text.get_text() for text in fig.axes[0].texts]
    assert numbers == ["3", "1", "0", "0"]
    assert fig.axes[0].collections[0].get_array().tolist() == [[75, 25], [0, 0]]  # an untested class is no division


def test_accuracy_bars_have_the_summary_s_heights():
    summary = evaluation.summarise([run_of(network="conv"), run_of(network="bgru", seed=5)])
    ax = plots.plot_accuracies(summary, "genre", GENRES, "artist").axes[0]
    heights = [patch.get_height() for patch in ax.patches]
    expected = summary.loc[["conv", "bgru"], list(evaluation.SIDES)].to_numpy().T.ravel()
    assert heights == pytest.approx(expected.tolist())


def test_a_network_of_ones_own_is_in_figures_and_tables():
    own = run_of(network="mine")
    summary = evaluation.summarise([run_of(network="conv"), own])
    fig = plots.plot_accuracies(summary, "genre", GENRES, "artist")
    assert [tick.get_text() for tick in fig.axes[0].get_xticklabels()] == ["Conv", "mine"]
    assert list(plots.annex_table(summary, "genre", GENRES))[:2] == ["Conv", "mine"]
    assert "Genre: mine" in texts_of(plots.plot_run_confusion(own))


def test_annex_table_holds_ours_and_the_report_s(tmp_path):
    summary = evaluation.summarise([run_of(network="conv"), run_of(network="end2end_gru", seed=1)])
    table = plots.annex_table(summary, "genre", GENRES, "embedded genre, split by artist")
    path = plots.save_table(table, "annex1_genre_results", tmp_path)
    read = pd.read_csv(path, index_col=["Source", "Accuracy"])
    ours, theirs = read.loc["embedded genre, split by artist"], read.loc["the report: GTZAN, split by clip"]
    assert theirs.loc["Test", "Conv"] == 0.6817
    assert ours.loc["Test", "Conv"] == pytest.approx(summary.loc["conv", "test"], abs=5e-5)
    assert np.isnan(ours.loc["Test", "GRU"])
    assert "180647," in path.read_text() or "180647\n" in path.read_text()
    assert "report" not in plots.annex_table(summary, "genre", GENRES[:3]).to_string()


def test_a_figure_says_in_words_what_it_shows():
    fig, (left, right) = new_figure(7, 3, 1, 2)
    left.plot([0, 1], label="training")
    left.set(title="Loss", xlabel="epoch", ylabel="loss")
    left.legend()
    right.axis("off")
    right.text(0, 0, "Dense,\n64 units")
    plots.add_title(fig, "Learning curves")
    plots.add_caption(fig, "One run.")
    alt = fig._repr_mimebundle_()[1]["image/png"]["alt"]
    assert alt == "Learning curves. Loss: loss against epoch: training. Dense, 64 units. One run."
