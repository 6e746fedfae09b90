"""A player whose position moves on a song's ribbon, as one piece of HTML. For the song explorer of 08_case_studies.

Everything that comes from a file is escaped: HTML of a widget isn't cleaned by the front end, and runs what it holds.
"""

import io
from base64 import b64encode
from html import escape

import numpy as np
import soundfile

from mercore.evaluation.text import clock
from mercore.features import SAMPLE_RATE
from mercore.plots.song_overview import LEFT, RIGHT

PLAYED = 600  # s of a song that are embedded at most: 4 to 5 MB
BLOCK = 1 << 16  # samples; libsndfile's Vorbis encoder overflows its stack where it is given minutes at once
STEP = 5  # s that an arrow key moves

# Both parts find each other by their classes within the player, as several players share a page.
MOVE_CURSOR = (
    "const r = this.closest('.mercore-player').querySelector('.mercore-ribbon'), t = this.currentTime;"
    f"const x = {LEFT} + {RIGHT - LEFT} * Math.min(1, t / r.dataset.seconds);"
    "r.querySelector('.mercore-cursor').style.left = 100 * x + '%';"
    "r.setAttribute('aria-valuenow', Math.round(t));"
    "r.setAttribute('aria-valuetext', Math.floor(t / 60) + ':' + String(Math.floor(t % 60)).padStart(2, '0'));"
)
SEEK_BY_CLICK = (
    "const a = this.closest('.mercore-player').querySelector('audio'), b = this.getBoundingClientRect();"
    f"const x = ((event.clientX - b.left) / b.width - {LEFT}) / {RIGHT - LEFT};"
    "a.currentTime = Math.max(0, Math.min(a.duration || 0, x * this.dataset.seconds));"
)
SEEK_BY_KEY = (
    "const a = this.closest('.mercore-player').querySelector('audio'), t = a.currentTime, end = a.duration || 0;"
    f"const to = {{ArrowLeft: t - {STEP}, ArrowRight: t + {STEP}, Home: 0, End: end}}[event.key];"
    "if (event.key === ' ') { a.paused ? a.play() : a.pause(); }"
    "else if (to === undefined) { return; }"
    "else { a.currentTime = Math.max(0, Math.min(end, to)); }"
    "event.preventDefault(); event.stopPropagation();"  # JupyterLab has these keys, too
)


def ogg(y: np.ndarray, sample_rate: int = SAMPLE_RATE) -> bytes:
    """Samples `y` (n,) as the bytes of an Ogg Vorbis file, about 6 kB a second."""
    with io.BytesIO() as file:
        with soundfile.SoundFile(file, "w", sample_rate, 1, format="OGG", subtype="VORBIS") as sound:
            for first in range(0, len(y), BLOCK):
                sound.write(np.clip(y[first : first + BLOCK], -1, 1))
        return file.getvalue()


def picture_html(png: bytes, alt: str) -> str:
    """A picture as wide as its place."""
    source = f"data:image/png;base64,{b64encode(png).decode()}"
    return f'<img alt="{escape(alt, quote=True)}" src="{source}" style="width: 100%; display: block">'


def song_player(song, ribbon: bytes, alt: str) -> str:
    """HTML of a player above its `ribbon` (PNG of `plots_portrait.plot_ribbon`), in which clicks and arrow keys seek.

    Of a song longer than ten minutes the first ten can be heard, and it says so.
    """
    title, played = escape(song.title, quote=True), min(song.duration, PLAYED)
    sound = b64encode(ogg(song.samples[: round(played * SAMPLE_RATE)])).decode()
    cut = ""
    if played < song.duration:
        cut = (
            f'<p class="mercore-cut">To be heard are the first {clock(played)} of {clock(song.duration)}: more is too '
            "much to be embedded. The ribbon shows the whole song.</p>"
        )
    return (
        '<div class="mercore-player">'
        f'<audio class="mercore-audio" controls preload="metadata" style="width: 100%" aria-label="Player: {title}" '
        f'ontimeupdate="{escape(MOVE_CURSOR)}" onseeking="{escape(MOVE_CURSOR)}" '
        f'src="data:audio/ogg;base64,{sound}">This browser plays no Ogg Vorbis.</audio>{cut}'
        f'<div class="mercore-ribbon" role="slider" tabindex="0" aria-label="Position in {title}" aria-valuemin="0" '
        f'aria-valuemax="{played:.0f}" aria-valuenow="0" aria-valuetext="0:00" data-seconds="{song.duration:.3f}" '
        f'title="Click to go there; arrow keys: {STEP} s" style="position: relative; cursor: pointer" '
        f'onclick="{escape(SEEK_BY_CLICK)}" onkeydown="{escape(SEEK_BY_KEY)}">'
        f"{picture_html(ribbon, alt)}"
        f'<div class="mercore-cursor" style="position: absolute; top: 0; bottom: 0; left: {100 * LEFT:g}%; '
        'width: 2px; background: #d55e00; pointer-events: none"></div></div></div>'
    )
