"""A line of text in a panel that wraps, takes the theme's colours, and shows what it is given letter by letter."""

import html

import ipywidgets


class Sentence(ipywidgets.HTML):
    """Unlike ipywidgets.Label, which cuts off what is longer than its line. `text` is plain text, never markup."""

    def __init__(self, text: str = "", **layout):
        super().__init__(layout=ipywidgets.Layout(**{"width": "auto", "min_width": "0"} | layout))
        self.text = text

    @property
    def text(self) -> str:
        return self._text

    @text.setter
    def text(self, text: str) -> None:
        self._text = text
        self.value = f'<div style="line-height: 1.4">{html.escape(text, quote=False)}</div>' if text else ""
