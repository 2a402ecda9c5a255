"""Learn from tokens how their text was cut, and count where plain text would be cut otherwise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

from bilstm_nlp.data.text.scripts import is_unspaced
from bilstm_nlp.data.text.sentence import Sentence
from bilstm_nlp.data.text.tokenizer import (
    CHARACTERS,
    COMPOUNDS,
    EMOJI,
    EMOTICON,
    LETTER,
    WORDS,
    Clitics,
    Cut,
    Kind,
    Negations,
    clusters,
    offsets,
)
from bilstm_nlp.errors import listed

if TYPE_CHECKING:
    import regex

CHARACTERS_FROM = 0.99
"""Training data with this fraction of one-character tokens counts as cut into characters."""
KEPT_FROM = 2
"""Occurrences of a word that is kept whole against the rules."""
MATTERS_FROM = 0.01
"""Fraction of tokens that are cut otherwise, above which it is said."""
EXAMPLES = 5
"""Words that are cut otherwise, kept for messages."""

WORD = rf"(?:{LETTER})+"
LETTERS = r"\p{L}+"
AMOUNT = r"(?:[A-Z]{1,3})?\p{Sc}"
NUMBER = r"\d+(?:[.,]\d+)*"
WHOLE: dict[Kind, str] = {
    "hashtags": f"[#＃]{WORD}",
    "mentions": f"[@＠]{WORD}",
    "hyphens": f"{LETTERS}(?:[-‐‑]{LETTERS})+",
    "slashes": f"{LETTERS}(?:/{LETTERS})+",
    "elisions": r"\p{L}+['’]\p{L}{3,}",
    "amounts": f"{AMOUNT}{NUMBER}",
    "percentages": f"{NUMBER}%",
    "emphasis": "[!?]{2,}",
    "dots": r"\.{2,}",
    "emoji": f"{EMOJI}{{2,}}",
    "emoticons": EMOTICON,
}
"""A word of each kind that is whole."""
APART: dict[Kind, str] = {
    "hashtags": f"[#＃] {WORD}",
    "mentions": f"[@＠] {WORD}",
    "hyphens": f"{LETTERS} [-‐‑] {LETTERS}",
    "slashes": f"{LETTERS} / {LETTERS}",
    "elisions": r"\p{L}+['’] \p{L}+",
    "amounts": f"{AMOUNT} {NUMBER}",
    "percentages": f"{NUMBER} %",
    "emphasis": "[!?] [!?]",
    "dots": r"\. \.",
    "emoji": f"{EMOJI} {EMOJI}",
    "emoticons": r"(?:[:;=] [()\[\]DPpOo/|]|[:;=] - [()\[\]DPpOo/|]|< 3)",
}
"""The tokens of a word of each kind that is cut, joined by blanks."""
CLOSING = frozenset([".", ",", ";", ":", "!", "?", "%", ")", "]", "}", "…", "..."])
OPENING = frozenset(["(", "[", "{", "$", "€", "£", "¥", "#", "@"])
"""Tokens before which, and after which, a writer puts no blank."""
CLITIC = "(?i:s|m|d|ll|re|ve)"
NEGATIONS: dict[Negations, str] = {
    "penn": "(?i:n['’]t)",
    "whole": r"(?i:\S+n['’]t)",
    "apostrophe": "(?i:['’]t)",
    "parts": "(?i:['’] t)",
}
CLITICS: dict[Clitics, str] = {"apart": f"['’]{CLITIC}", "whole": rf".*\p{{L}}['’]{CLITIC}", "parts": f"['’] {CLITIC}"}


Name = TypeVar("Name", bound=str)


@cache
def _ending() -> regex.Pattern[str]:
    """Compile the end of a word that stands apart. Predictions do without."""
    import regex

    return regex.compile(f"['’](?:{CLITIC}|(?i:t))|(?i:n['’]t)")


@dataclass(frozen=True)
class Agreement:
    """The tokens of a corpus beside the tokens into which its own text is cut."""

    tokens: int
    otherwise: int
    """Tokens of the corpus that the text's cut has not."""
    examples: tuple[tuple[str, str], ...]
    """The most frequent of them, and their text as it is cut, joined by blanks."""

    @property
    def fraction(self) -> float:
        """Return the fraction of tokens that the text's cut has not."""
        return self.otherwise / self.tokens if self.tokens else 0.0

    @property
    def matters(self) -> bool:
        """Tell whether plain text should not be tagged without a word about it."""
        return self.fraction > MATTERS_FROM

    def __str__(self) -> str:
        """Say it in a sentence.

        >>> print(Agreement(50, 1, (("don't", "do n't"),)))
        1 of 50 tokens (2.0 %) are cut otherwise in plain text: “don't” into “do n't”
        """
        examples = listed([f"“{form}” into “{pieces}”" for form, pieces in self.examples])
        share = f"{self.otherwise:,} of {self.tokens:,} tokens ({self.fraction:.1%}) are cut otherwise in plain text"
        return f"{share.replace('%', ' %')}{': ' if examples else ''}{examples}"


NOT_COUNTED = Agreement(0, 0, ())


def learn_cut(sentences: Sequence[Sentence]) -> Cut:
    """Choose the rules under which most words of these sentences are cut as they are there.

    Of each kind of word, the more frequent way is taken, and that of `WORDS` if no such word is there. Words that the
    rules cut are kept whole if they are more often whole than not. No sentences give `WORDS`.

    >>> def sentence(text): return Sentence(tuple(text.split()), None, 1)
    >>> learn_cut([sentence("#EU and #UN"), sentence("I don't")]).tokens("#Nato can't")
    ['#Nato', "can't"]
    >>> learn_cut([sentence("在 北 京")]) == CHARACTERS
    True
    """
    forms = Counter(token for sentence in sentences for token in sentence.tokens)
    total = forms.total()
    if total and sum(count for form, count in forms.items() if _is_character(form)) >= CHARACTERS_FROM * total:
        return CHARACTERS
    # No kind of word below is made of letters and digits alone.
    special = Counter({form: count for form, count in forms.items() if not form.isalnum()})
    commas = _counts({"attached": r".*\p{L}[,;!?]", "apart": "[,;!?]"}, special)
    if commas["attached"] > commas["apart"]:
        return Cut("blanks")
    neighbours = _neighbours(sentences)
    whole, apart = _counts(WHOLE, special), _counts(APART, neighbours)
    # A pattern without a blank matches tokens, one with a blank matches neighbours.
    tokens_and_neighbours = special + neighbours
    cut = Cut(
        whole=frozenset(
            kind for kind in WHOLE if whole[kind] > apart[kind] or (whole[kind] == apart[kind] and kind in WORDS.whole)
        ),
        negations=_most_frequent(_counts(NEGATIONS, tokens_and_neighbours), WORDS.negations),
        clitics=_most_frequent(_counts(CLITICS, tokens_and_neighbours), WORDS.clitics),
        compounds=frozenset(word for word, at in COMPOUNDS.items() if _is_cut(word, at, forms, neighbours)),
        lexicon=frozenset(form for form in forms if len(form) > 1 and is_unspaced(form)),
    )
    return replace(cut, kept=_kept(cut, special, neighbours))


def agreement(sentences: Sequence[Sentence], cut: Cut) -> Agreement:
    """Cut the text of each sentence, and count its tokens that this does not give.

    Where the text is not known, blanks stand between its words and none before punctuation, as text is written.

    >>> agreement([Sentence(("Nato", "'s", "re", "-", "entry", "."), None, 1)], WORDS)
    Agreement(tokens=6, otherwise=0, examples=())
    """
    tokens = otherwise = 0
    examples: Counter[tuple[str, str]] = Counter()
    for sentence in sentences:
        text, spans = sentence.text, sentence.offsets
        if text is None or spans is None:
            text, spans = as_written(sentence.tokens)
        given = offsets(text, cut)
        tokens += len(spans)
        for start, end in set(spans).difference(given):
            otherwise += 1
            pieces = [text[first:past] for first, past in given if first < end and past > start]
            examples[text[start:end], " ".join(pieces)] += 1
    return Agreement(tokens, otherwise, tuple(example for example, _ in examples.most_common(EXAMPLES)))


def as_written(tokens: Sequence[str]) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Join tokens as text is written, and find the place of each.

    >>> as_written(["Nato", "(", "1949", ")", "."])
    ('Nato (1949).', ((0, 4), (5, 6), (6, 10), (10, 11), (11, 12)))
    """
    text, spans, opened = "", [], True
    for token in tokens:
        if not opened and token not in CLOSING and _ending().fullmatch(token) is None:
            text += " "
        spans.append((len(text), len(text) + len(token)))
        text += token
        opened = token in OPENING
    return text, tuple(spans)


def _is_character(form: str) -> bool:
    return len(form) == 1 or (not form.isascii() and clusters().fullmatch(form) is not None)


def _neighbours(sentences: Sequence[Sentence]) -> Counter[str]:
    """Count the pairs of neighbours, joined by a blank, in which one is no plain word, and words beside - and /.

    Neighbours with a blank between them in the text, where it is known, are not counted.
    """
    pairs: Counter[str] = Counter()
    for sentence in sentences:
        for tokens in _unparted(sentence):
            for first, second in pairwise(tokens):
                if not (first.isalnum() and second.isalnum()) or f"{first}{second}".lower() in COMPOUNDS:
                    pairs[f"{first} {second}"] += 1
            for index in range(1, len(tokens) - 1):
                if tokens[index] in ("-", "/", "‐", "‑"):
                    pairs[" ".join(tokens[index - 1 : index + 2])] += 1
    return pairs


def _unparted(sentence: Sentence) -> list[tuple[str, ...]]:
    """List the runs of tokens that may stand without a blank between them."""
    if sentence.offsets is None:
        return [sentence.tokens]
    parted = [index for index, ((_, end), (start, _)) in enumerate(pairwise(sentence.offsets), 1) if start > end]
    return [sentence.tokens[start:end] for start, end in pairwise([0, *parted, len(sentence.tokens)])]


def _counts(patterns: Mapping[Name, str], forms: Counter[str]) -> dict[Name, int]:
    """Count the occurrences of all forms that match each pattern. A form counts for one pattern, the first."""
    import regex

    names = list(patterns)
    either = regex.compile("|".join(f"({pattern})" for pattern in patterns.values()), regex.VERSION1)
    counts = dict.fromkeys(names, 0)
    for form, count in forms.items():
        match = either.fullmatch(form)
        if match is not None:
            counts[names[match.lastindex - 1]] += count
    return counts


def _most_frequent(counts: Mapping[Name, int], default: Name) -> Name:
    """Return the name with the greatest count, and `default` if none has a greater one."""
    best = max(counts, key=lambda name: counts[name])
    return best if counts[best] > counts[default] else default


def _is_cut(word: str, at: int, forms: Counter[str], neighbours: Counter[str]) -> bool:
    """Tell whether a word of `COMPOUNDS` is more often in two tokens than in one."""
    both = [word, word.capitalize()]
    return sum(neighbours[f"{form[:at]} {form[at:]}"] for form in both) > sum(forms[form] for form in both)


def _kept(cut: Cut, forms: Counter[str], neighbours: Counter[str]) -> frozenset[str]:
    """Find the words that the rules cut, and that are more often whole than cut."""
    kept = set()
    for form, count in forms.items():
        if count >= KEPT_FROM and len(form) > 1 and not form.isalpha() and form not in cut.lexicon:
            pieces = cut.tokens(form)
            if len(pieces) > 1 and count > min(neighbours[f"{a} {b}"] for a, b in pairwise(pieces)):
                kept.add(form)
    return frozenset(kept)
