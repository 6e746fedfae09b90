"""What all panels say their sentences with."""

import pytest

from mercore.widgets.panel import Sentence


def test_a_sentence_is_shown_letter_by_letter():
    sentence = Sentence('<b>a</b> & **b** "c".wav')
    assert sentence.text == '<b>a</b> & **b** "c".wav'
    assert '>&lt;b&gt;a&lt;/b&gt; &amp; **b** "c".wav</div>' in sentence.value
    sentence.say("**b** <i>", markdown=True)
    assert "><b>b</b> &lt;i&gt;</div>" in sentence.value


@pytest.mark.parametrize("role", ["status", "alert", ""])
def test_what_changes_is_spoken_and_what_stays_is_not(role):
    sentence = Sentence("It stays.")
    assert "role" not in sentence.value
    sentence.say("It changes.", role)
    assert (f'role="{role}"' in sentence.value) == bool(role)
    sentence.say("", role)
    assert sentence.value == ""
