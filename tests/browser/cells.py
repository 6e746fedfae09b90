"""The cells of the notebook that all tests of the widgets look at: tones in noise, small networks, every widget."""

# Nothing has to be rendered for these. 31 s, as an explorer shows 30 s at most.
CORPUS = """
import os, numpy as np, pandas as pd, soundfile
from dataclasses import asdict, replace
from mercore import corpora, songs, training, widgets
from mercore.corpora import clips
from mercore.training import pretrained, runs
rng, t = np.random.default_rng(0), np.arange(31 * 22_050) / 22_050
for label, frequency in (("low", 220), ("high", 1760)):
    os.makedirs(f"music/{label}", exist_ok=True)
    for i in range(2):
        y = 0.3 * np.sin(2 * np.pi * frequency * (1 + 0.2 * i) * t) + 0.02 * rng.normal(size=len(t))
        soundfile.write(f"music/{label}/{label}{i}.wav", y, 22_050)
corpus = corpora.open_corpus("music")
"""
SPECTROGRAM = "widgets.SpectrogramExplorer(corpus)"
ERRORS = """
cut = clips.cut(corpus.usable, per_track=8)
table = cut.assign(artist="", side="test", predicted=np.where(cut.index % 3, cut["label"], "low"))
table["p_low"] = np.where(table["predicted"] == "low", 0.6 + 0.01 * table["start"], 0.3)
table["p_high"] = 1 - table["p_low"]
about = {"name": "tones", "task": "label", "classes": ["high", "low"], "fingerprint": ""}
config = asdict(training.configure("conv", "smoke")) | {"protocol": "track", "seed": 0}
widgets.ErrorExplorer(runs.Run(config, about, pd.DataFrame(), table, {}), corpus)
"""
# All clips as if they were tested: a track has two then, to choose from.
EXPLANATION = """
trained = training.train(corpus, "conv", "smoke", "clip")
run = replace(trained, predictions=trained.predictions.assign(side="test"))
widgets.ExplanationExplorer(run, corpus)
"""
LABORATORY = 'widgets.Laboratory({"genre": replace(corpus, task="genre")}, ("conv", "bgru"), (), "smoke", "clip")'
SONGS = """
song = songs.open_song("own.wav")
widgets.SongExplorer({"mood": pretrained.load("mood_4q")}, song)
"""
EVERYTHING = [CORPUS, SPECTROGRAM, ERRORS, EXPLANATION, LABORATORY, SONGS, "1 + 1"]
