"""The corpora of the English tagger, made alike: PER, LOC and ORG in IOB2, by the guidelines that most of them keep.

The corpora differ. Four rules bring them together, and each is counted when the corpora are written:

- An @mention is one token and no entity. The Broad Twitter Corpus cuts it in two and gives it a type.
- A hashtag is one token. Two sections of the Broad Twitter Corpus cut it in two.
- A title is no part of a person's name: President, Dr. The Broad Twitter Corpus has it both ways.
- A nationality is no place: Israeli, British. The Broad Twitter Corpus has it both ways.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple


def _words(name: str) -> frozenset[str]:
    """Read a list of words in lower case, a word a line, beside this file."""
    return frozenset((Path(__file__).parent / name).read_text("utf-8").split())


TITLES = _words("titles.txt")
"""Words that begin a person's annotation without being of the name."""
CLITIC = re.compile(r"([A-Za-z]+)(n['’]t|['’](?:s|m|re|ve|ll|d))", re.IGNORECASE)
RUNS = (re.compile(r"\.+"), re.compile(r"[!?]+"))
HYPHEN = re.compile(r"(?<=[A-Za-z])(-)(?=[A-Za-z])")
NATIONALITIES = _words("nationalities.txt")
"""Adjectives and nouns of nations."""
WNUT_TYPES = {
    "person": "PER",
    "location": "LOC",
    "corporation": "ORG",
    "group": "ORG",
    "creative-work": None,
    "product": None,
}


class Token(NamedTuple):
    """A token and its type with the prefix of IOB2, or O."""

    form: str
    tag: str


Sentence = list[Token]


def blocks(path: Path) -> Iterator[list[list[str]]]:
    """Yield the rows of each sentence of a column file, cut at tabs or blanks. `-DOCSTART-` ends a sentence."""
    rows: list[list[str]] = []
    for line in path.read_text("utf-8").split("\n"):
        cells = line.split("\t") if "\t" in line else line.split(" ")
        if len(cells) < 2 or not cells[0].strip() or cells[0] == "-DOCSTART-":
            if rows:
                yield rows
            rows = []
        else:
            rows.append(cells)
    if rows:
        yield rows


def read_columns(path: Path, token: int, tag: int, types: Mapping[str, str | None]) -> list[Sentence]:
    """Read a column file, with its types renamed by `types`; a type renamed to None is O. IOB1 and IOB2 alike."""
    return [_iob2([(row[token], row[tag]) for row in rows if len(row) > token], types) for rows in blocks(path)]


def _iob2(rows: Iterable[tuple[str, str]], types: Mapping[str, str | None]) -> Sentence:
    """Rename the types of one sentence. An I- after another type, or after O, becomes B-."""
    sentence: Sentence = []
    before = "O"  # the tag of the file, which tells of an I- whether it continues an entity
    for form, tag in rows:
        kind = types.get(tag[2:], tag[2:]) if tag != "O" else None
        continues = tag[:1] == "I" and before[2:] == tag[2:]
        sentence.append(Token(form, "O" if kind is None else f"{'I' if continues else 'B'}-{kind}"))
        before = tag
    return sentence


def joined_marks(sentence: Sentence, changes: Counter[str]) -> Sentence:
    """Join @ and # to the word after them. An @mention is O, a hashtag has the tag of its word.

    >>> [tuple(token) for token in joined_marks([Token("@", "B-PER"), Token("bob", "B-PER")], Counter())]
    [('@bob', 'O')]
    """
    joined: Sentence = []
    index = 0
    while index < len(sentence):
        form, tag = sentence[index]
        if form in ("@", "#") and index + 1 < len(sentence) and sentence[index + 1].form[0].isalnum():
            index += 1
            form, tag = form + sentence[index].form, sentence[index].tag
            changes["marks joined to their word"] += 1
        if tag != "O" and (form.startswith(("@", "http"))):
            tag = "O"
            changes["@mentions and links that are no entity"] += 1
        joined.append(Token(form, tag))
        index += 1
    return legal(joined)


def without_titles(sentence: Sentence, changes: Counter[str]) -> Sentence:
    """Take titles out of the beginning of a person's name, if more of the name follows.

    >>> [token.tag for token in without_titles([Token("Dr", "B-PER"), Token("No", "I-PER")], Counter())]
    ['O', 'B-PER']
    """
    tokens = list(sentence)
    for index, (form, tag) in enumerate(tokens[:-1]):
        if tag == "B-PER" and form.lower() in TITLES and tokens[index + 1].tag == "I-PER":
            tokens[index] = Token(form, "O")
            tokens[index + 1] = Token(tokens[index + 1].form, "B-PER")
            changes["titles taken out of names"] += 1
    return tokens


def without_nationalities(sentence: Sentence, changes: Counter[str]) -> Sentence:
    """Take the tag of a single nationality that is tagged as a place or as a person.

    >>> [token.tag for token in without_nationalities([Token("Israeli", "B-LOC"), Token("PM", "O")], Counter())]
    ['O', 'O']
    """
    tokens = list(sentence)
    for index, (form, tag) in enumerate(tokens):
        alone = index + 1 == len(tokens) or tokens[index + 1].tag[:1] != "I"
        if tag in ("B-LOC", "B-PER") and alone and form.lower() in NATIONALITIES:
            tokens[index] = Token(form, "O")
            changes["nationalities that are no entity"] += 1
    return tokens


def joined_runs(sentence: Sentence, changes: Counter[str]) -> Sentence:
    """Join dots that follow one another outside entities, and exclamation and question marks: `. . .` becomes `...`.

    >>> [token.form for token in joined_runs([Token("so", "O"), *[Token(".", "O")] * 3], Counter())]
    ['so', '...']
    """
    joined: Sentence = []
    for form, tag in sentence:
        before = joined[-1] if joined else Token("", "O")
        if tag == before.tag == "O" and any(run.fullmatch(form) and run.fullmatch(before.form) for run in RUNS):
            joined[-1] = Token(before.form + form, "O")
            changes["marks joined to a run"] += 1
        else:
            joined.append(Token(form, tag))
    return joined


def cut_clitics(sentence: Sentence, changes: Counter[str]) -> Sentence:
    """Cut n't, 's, 'm, 're, 've, 'll and 'd off their words outside entities, as most corpora do.

    >>> [token.form for token in cut_clitics([Token("don't", "O"), Token("I'm", "O")], Counter())]
    ['do', "n't", 'I', "'m"]
    """
    cut: Sentence = []
    for form, tag in sentence:
        match = CLITIC.fullmatch(form) if tag == "O" else None
        if match is None:
            cut.append(Token(form, tag))
        else:
            cut += [Token(match[1], "O"), Token(match[2], "O")]
            changes["clitics cut off"] += 1
    return cut


def legal(sentence: Sentence) -> Sentence:
    """Begin an entity with B- where an I- continues nothing."""
    tokens: Sentence = []
    for form, tag in sentence:
        if tag[0] == "I" and (not tokens or tokens[-1].tag[2:] != tag[2:]):
            tag = f"B{tag[1:]}"
        tokens.append(Token(form, tag))
    return tokens


def tweets(folder: Path, changes: Counter[str]) -> list[Sentence]:
    """Read the Broad Twitter Corpus, by the rules of this module."""
    sentences = [each for path in sorted(folder.glob("btc.*.conll")) for each in read_columns(path, 0, 1, {})]
    for rule in (joined_marks, joined_runs, without_titles, without_nationalities):
        sentences = [rule(sentence, changes) for sentence in sentences]
    return sentences


def in_lower_case(sentence: Sentence) -> Sentence:
    """Write a sentence as people do who never press Shift."""
    return [Token(form.lower(), tag) for form, tag in sentence]


def with_hyphens_cut(sentence: Sentence) -> Sentence:
    """Cut words at their hyphens, as the English Web Treebank does.

    >>> [tuple(token) for token in with_hyphens_cut([Token("al-Qaeda", "B-ORG")])]
    [('al', 'B-ORG'), ('-', 'I-ORG'), ('Qaeda', 'I-ORG')]
    """
    cut: Sentence = []
    for form, tag in sentence:
        parts = HYPHEN.split(form)
        cut += [Token(part, f"I{tag[1:]}" if number and tag != "O" else tag) for number, part in enumerate(parts)]
    return cut


def write(path: Path, sentences: Iterable[Sentence]) -> None:
    """Write sentences as two columns."""
    text = "\n".join("".join(f"{form}\t{tag}\n" for form, tag in sentence) for sentence in sentences)
    path.write_text(text, "utf-8")
