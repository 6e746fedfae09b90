"""The parts that all panels share."""

import pytest

from mercore.widgets.panel import Rich, Sentence


def test_a_sentence_is_escaped():
    sentence = Sentence('<b>a</b> & **b** "c".wav')
    assert sentence.text == '<b>a</b> & **b** "c".wav'
    assert '>&lt;b&gt;a&lt;/b&gt; &amp; **b** "c".wav</div>' in sentence.value


def test_rich_text_is_left_to_the_front_end():
    words = Rich()
    words.show("**b** <i>")
    assert [output["data"] for output in words.outputs] == [{"text/markdown": "**b** <i>"}]
    words.show("<b>b</b>", "text/html")
    assert [output["data"] for output in words.outputs] == [{"text/html": "<b>b</b>"}]
    words.show("")
    assert words.outputs == ()


@pytest.mark.parametrize("role", ["status", "alert", ""])
def test_screen_readers_announce_what_changes_only(role):
    sentence = Sentence("It stays.")
    assert "role" not in sentence.value
    sentence.say("It changes.", role)
    assert (f'role="{role}"' in sentence.value) == bool(role)
    sentence.say("", role)
    assert sentence.value == ""
