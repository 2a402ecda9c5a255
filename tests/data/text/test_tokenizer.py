from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bilstm_nlp.data.text.corpus import sentence_of_text
from bilstm_nlp.data.text.tokenizer import cut_of, offsets, pattern

often = settings(max_examples=200, deadline=None)


def tokens(text: str) -> list[str]:
    return [text[start:end] for start, end in offsets(text)]


@pytest.mark.parametrize(
    "line",
    [
        # Punctuation comes off, numbers stay whole.
        "EU rejects German call to boycott British lamb~.",
        "It cost $~1,000.50~, or 3.5~% ~(~up from .496~)~; +48 - -5~?~!",
        "He won 6-4~, 7-5 at 10:30 in 1996/97~, on 12/08/1996~.",
        "end~... dog~--~it “~quoted~” ``~so~'' [~x~]",
        # Abbreviations keep their dots.
        "the U.S. and the U.S.-based firm in Washington~, D.C.",
        "at 5 p.m.~, e.g. Mr. Smith~, Ph.D.~, of Acme Corp.~, St. Louis",
        "George W. Bush~, J.P. Morgan",
        "Plan b~.",
        # Clitics as in the Penn Treebank.
        "I do~n't think John~'s firm ca~n't~, we~'ll see",
        "it~’s a boys~' school~, is~n’t it~?",
        "DO~N'T~! It~'S~, they~'re~, I~'ve~, I~'m~, he~'d",
        "O'Brien and l'homme",
        # Compounds, addresses.
        "mother-in-law~'s e-mail~, AT&T",
        "mail j.doe+x@ex.co.uk~, or see http://www.a-b.com/x?y=1,2~, www.example.com~.",
        "(~https://example.org/a_(b~)~)",
        # Scripts without blanks are cut into characters, others among them are not.
        "北~京~大~学~在~China~人~3.5~人~。 か~タ",
        # Marks belong to their letters.
        "हिन्दी में e\u0301te\u0301 می‌خواهم ❤\ufe0f",
    ],
)
def test_words(line):
    """`~` parts two tokens with nothing between them."""
    expected = line.replace("~", " ").split()
    assert tokens(line.replace("~", "")) == expected
    # Text that is cut already stays as it is.
    assert tokens(line.replace("~", " ")) == expected


def test_offsets_count_characters():
    assert list(offsets("Ann's 3.5")) == [(0, 3), (3, 5), (6, 9)]


WORDS = [
    "a",
    "A",
    "1",
    "n't",
    "'s",
    "U.S.",
    "Mr.",
    "http://",
    "www.",
    "é",
    "北",
    "\U0001f600",
    "\u0301",
    "\u200d",
    "\x00",
]
OTHERS = [".", ",", "-", "'", "’", "@", "&", "/", ":", "_", "+", " ", "\n", "\u00a0", "\u2028", "\x1c"]
ADVERSARIAL = st.lists(st.sampled_from(WORDS + OTHERS)).map("".join)


@often
@given(st.text() | ADVERSARIAL, st.sampled_from(["words", "characters"]))
@example("Ann\u3000's", "words")
def test_each_character_but_blanks_is_in_one_token(text, cut):
    ranges = list(offsets(text, cut))
    covered = [index for start, end in ranges for index in range(start, end)]
    assert covered == [index for index, character in enumerate(text) if not character.isspace()]
    assert all(start < end for start, end in ranges)


@settings(max_examples=1000, deadline=None)
@given(st.text() | ADVERSARIAL)
@example("George W. Bush")
@example("plan B.  And W.\u00a0Bush, A.\nA")
@example("a" * 70 + ". " + "A." * 40 + " A")
def test_runs_between_blanks_are_cut_as_in_their_text(text):
    assert offsets(text) == [match.span() for match in pattern().finditer(text)]


@often
@given(ADVERSARIAL)
def test_tokens_do_not_depend_on_later_lines(text):
    assert tokens(f"{text}\n\nx") == [*tokens(text), "x"]


@often
@given(st.text())
def test_a_sentence_of_text_has_its_tokens_and_offsets(text):
    for cut in ("words", "characters"):
        sentence = sentence_of_text(text, cut)
        assert sentence.text == text
        assert tuple(text[start:end] for start, end in sentence.offsets) == sentence.tokens


@often
@given(st.lists(st.text(st.characters(categories=["Lu", "Ll"]), min_size=2, max_size=6), max_size=5))
def test_plain_words_stay_whole(words):
    words = [word for word in words if unicodedata.normalize("NFC", word).isalpha()]
    assert tokens(" ".join(words)) == words


@pytest.mark.parametrize(
    "piece", [*WORDS, *OTHERS, "a.", "a@", "a+", "http://,", "a-", "1,", "a@b-", "a'", "A.", "a@b"]
)
def test_long_runs_without_blanks(piece):
    """Runs over which repeats within repeats take exponential time, and are cut all the same."""
    text = piece * (20_000 // len(piece)) + "!"
    assert "".join(tokens(text)) == "".join(text.split())


def test_the_cut_of_training_text_is_detected():
    assert cut_of([]) == "words"
    assert cut_of("中国银行") == "characters"
    assert cut_of(["中"] * 99 + ["EU"]) == "characters"
    assert cut_of(["中"] * 98 + ["EU"] * 2) == "words"
    assert cut_of(["I", "am", "a", "b"]) == "words"
