from __future__ import annotations

import unicodedata
from typing import get_args

import pytest
import regex
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from bilstm_nlp.data.text.formats.corpus import sentence_of_text
from bilstm_nlp.data.text.tokenizer import CHARACTERS, COMPOUNDS, WORDS, Cut, Kind, clusters, offsets, pattern

often = settings(max_examples=100, deadline=None)


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
        "(~https://example.org/a_(b)~)~, http://x.org/a(b)c~. http://x.org/~!",
        "bit.ly/3xYz~, www.example.com/a?b=1~. U.S.~/~Canada and~/~or example.com/",
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


PIECES = [
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
CUTS = [
    WORDS,
    CHARACTERS,
    Cut("blanks"),
    Cut(whole=frozenset(), negations="parts", clitics="parts"),
    Cut(
        whole=frozenset(get_args(Kind)),
        negations="whole",
        clitics="whole",
        compounds=frozenset(COMPOUNDS),
        kept=frozenset({"a.", "1,", ":)"}),
        lexicon=frozenset({"北北", "北京"}),
    ),
]
OTHERS = [".", ",", "-", "'", "’", "@", "&", "/", ":", "_", "+", " ", "\n", "\u00a0", "\u2028", "\x1c"]
ADVERSARIAL = st.lists(st.sampled_from(PIECES + OTHERS)).map("".join)


@often
@given(st.text() | ADVERSARIAL, st.sampled_from(CUTS))
@example("Ann\u3000's", WORDS)
def test_each_character_but_blanks_is_in_one_token(text, cut):
    ranges = list(offsets(text, cut))
    covered = [index for start, end in ranges for index in range(start, end)]
    assert covered == [index for index, character in enumerate(text) if not character.isspace()]
    assert all(start < end for start, end in ranges)


@settings(max_examples=400, deadline=None)
@given(st.text() | ADVERSARIAL)
@example("George W. Bush")
@example("plan B.  And W.\u00a0Bush, A.\nA")
@example("a" * 70 + ". " + "A." * 40 + " A")
def test_runs_between_blanks_are_cut_as_in_their_text(text):
    assume(all(len(cluster) == 1 for cluster in clusters().findall(text)))
    assert offsets(text) == [match.span() for match in pattern().finditer(text)]


@often
@given(ADVERSARIAL)
def test_tokens_do_not_depend_on_later_lines(text):
    assert tokens(f"{text}\n\nx") == [*tokens(text), "x"]


@often
@given(st.text())
def test_a_sentence_of_text_has_its_tokens_and_offsets(text):
    for cut in (WORDS, CHARACTERS):
        sentence = sentence_of_text(text, cut)
        assert sentence.text == text
        assert tuple(text[start:end] for start, end in sentence.offsets) == sentence.tokens


@often
@given(st.lists(st.text(st.characters(categories=["Lu", "Ll"]), min_size=2, max_size=6), max_size=5))
def test_plain_words_stay_whole(words):
    words = [word for word in words if unicodedata.normalize("NFC", word).isalpha()]
    assert tokens(" ".join(words)) == words


@often
@given(
    st.text(st.characters(codec="ascii", categories=["Lu", "Ll", "Nd"]), min_size=1)
    | st.sampled_from(sorted(COMPOUNDS)),
    st.sets(st.sampled_from(sorted(COMPOUNDS))),
)
def test_plain_runs_are_cut_as_by_the_rules(run, compounds):
    """Runs without marks need no rules, unless they are compounds."""
    cut = Cut(whole=frozenset(get_args(Kind)), compounds=frozenset(compounds))
    assert offsets(run, cut) == [match.span() for match in pattern(cut).finditer(run)]


@often
@given(st.characters(exclude_categories=["Cs"]))
def test_a_character_alone_is_a_token(character):
    assert offsets(character) == ([] if character.isspace() else [(0, 1)])


@pytest.mark.slow
@pytest.mark.parametrize(
    "piece", [*PIECES, *OTHERS, "a.", "a@", "a+", "http://,", "a-", "1,", "a@b-", "a'", "A.", "a@b"]
)
def test_long_runs_without_blanks(piece):
    """Runs over which repeats within repeats take exponential time, and are cut all the same."""
    text = piece * (20_000 // len(piece)) + "!"
    assert "".join(tokens(text)) == "".join(text.split())


@pytest.mark.parametrize(
    ("cut", "line"),
    [
        (Cut(whole=frozenset({"hashtags"})), "#EU~, #UN~'s @~user it~-~self"),
        (Cut(whole=frozenset({"mentions", "hyphens"})), "@user_1~: # ~EU well-known .~@user~, j.doe@x.org"),
        (Cut(whole=frozenset({"amounts", "percentages"})), "$5~, US$1.5~! 5.5%~. £3 -2%"),
        (Cut(whole=frozenset({"slashes"})), "and/or~, he/she~/"),
        (Cut(whole=frozenset({"emphasis"})), "no~!! what~?!~. a~.~. b"),
        (Cut(whole=frozenset({"emoticons"})), "hi :-)~. ;) :D~, <3 3:4 (~a~:~b~) :'("),
        (Cut(whole=frozenset({"emoji"})), "good~😂😂👍🏽~!"),
        (Cut(whole=frozenset({"elisions"}), negations="whole", clitics="whole"), "I'm don't John's~, O'Brien ’s"),
        (Cut(whole=frozenset({"elisions"}), negations="whole"), "I~'m don't John~'s O'Brien"),
        (Cut(negations="apostrophe"), "don~'t I~'m DON~’T"),
        (Cut(negations="parts", clitics="parts"), "don~'~t I~'~m"),
        (Cut(whole=frozenset()), "l'~homme d’~abord John~'s qu'~il aujourd'~hui do~n't"),
        (Cut(compounds=frozenset({"cannot", "gonna"})), "Can~not gon~na ca~n't cannots wanna"),
        (Cut(kept=frozenset({"2.", "No.", ":-)", "&amp;"})), "2. No. 5 :-)~, a &amp;~, in 2~."),
        (Cut("blanks"), "Hello, I'm (here)! #1"),
        (Cut(lexicon=frozenset({"北京", "北京大学", "在", "大"})), "北京大学~在~北京~大~人~EU~京"),
        (Cut(lexicon=frozenset({"ไทย", "ประเทศ"})), "ประเทศ~ไทย~EU~ก~ข 北~京"),
        (CHARACTERS, "E~U~北 e\u0301~👨‍👩‍👧~🇩🇪~🇫🇷"),
    ],
)
def test_each_kind_of_word_is_whole_or_cut(cut, line):
    """`~` parts two tokens with nothing between them."""
    assert cut.tokens(line.replace("~", "")) == line.replace("~", " ").split()


JOINING = "aé\u0301👨👩👍🏽❤🇩🇪\ufe0f\u200d\u20e31#\u1100\u1161\u0915\u094d한北ก็กำ :)\r\n"


@often
@given(st.text(st.sampled_from(JOINING)), st.sampled_from(CUTS))
def test_no_grapheme_cluster_is_cut(text, cut):
    borders = {match.start() for match in clusters().finditer(text)} | {len(text)}
    blanks = {index for index, character in enumerate(text) if character.isspace()}
    for start, end in offsets(text, cut):
        assert {start, end} <= borders | blanks | {index + 1 for index in blanks}


def test_emoji_of_several_characters_are_one_token():
    assert tokens("🇩🇪🇫🇷 👨‍👩‍👧👍🏽 1️⃣ ❤️") == ["🇩🇪", "🇫🇷", "👨‍👩‍👧", "👍🏽", "1️⃣", "❤️"]


CLUSTER_PARTS = "🇩🇪a\u0301\u200d\ufe0f👨👍🏽\u0600\u0903\u20e3가\u1100\u1161\r\n "


@settings(deadline=None)
@given(st.text(st.sampled_from(CLUSTER_PARTS), max_size=12))
def test_clusters_are_those_of_unicode(text):
    assert clusters().findall(text) == regex.findall(r"\X", text)


@pytest.mark.parametrize("cut", [WORDS, CHARACTERS])
def test_rows_of_flags_are_cut_at_each_flag(cut):
    row = "🇩🇪" * 300
    assert [row[start:end] for start, end in offsets(row, cut)] == ["🇩🇪"] * 300
    assert [end - start for start, end in offsets("x" + row[:-1], cut)] == [1, *[2] * 299, 1]
