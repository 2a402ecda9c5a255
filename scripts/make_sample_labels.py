"""Make the samples of parts of speech, chunks and words from the news: python scripts/make_sample_labels.py RUN

RUN is a tagger of parts of speech, trained with configs/pos/conll2003.toml. Its predictions are not corrected. Chunks
follow from them by the rules below. Words are cut into letters, without the blanks between them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import bilstm_nlp
from bilstm_nlp.data.text.formats.corpus import ColumnFormat, read

SAMPLES = Path(bilstm_nlp.__file__).parent / "data" / "samples"
LETTERS = {"train": 300, "dev": 60}
"""Sentences that are cut into letters."""
NOMINAL = {
    "DT",
    "PRP$",
    "JJ",
    "JJR",
    "JJS",
    "CD",
    "NN",
    "NNS",
    "NNP",
    "NNPS",
    "PRP",
    "EX",
    "WP",
    "WDT",
    "$",
    "POS",
    "PDT",
}
VERBAL = {"MD", "VB", "VBD", "VBG", "VBN", "VBP", "VBZ", "TO"}
OTHERS = {"IN": "PP", "RB": "ADVP", "RBR": "ADVP", "RBS": "ADVP", "WRB": "ADVP", "RP": "PRT"}


def chunks(tags: list[str]) -> Iterator[str]:
    """Yield the IOB2 tag of each token: runs of nominal and of verbal parts of speech, and single words.

    >>> list(chunks(["DT", "NN", "VBD", "IN", "NNP", "."]))
    ['B-NP', 'I-NP', 'B-VP', 'B-PP', 'B-NP', 'O']
    """
    kinds = ["NP" if tag in NOMINAL else "VP" if tag in VERBAL else OTHERS.get(tag, "O") for tag in tags]
    for index, kind in enumerate(kinds):
        if kind == "O":
            yield "O"
        else:
            # A determiner, a pronoun and a possessive ending begin a noun phrase of their own.
            begins = index == 0 or kinds[index - 1] != kind or kind in ("PP", "ADVP", "PRT")
            begins = begins or tags[index] in ("DT", "PRP", "PRP$", "POS", "WP", "WDT", "EX")
            yield f"{'B' if begins else 'I'}-{kind}"


def main(run: str) -> None:
    """Write grammar.*.conll and letters.*.conll."""
    tagger = bilstm_nlp.load(run)
    for part in ("train", "dev"):
        sentences = read(f"sample:news.{part}.conll", ColumnFormat()).sentences
        blocks = []
        for _, document in groupby(sentences, key=lambda sentence: sentence.document):
            blocks.append("-DOCSTART- -X- O")
            for tagged in tagger.stream([list(sentence.tokens) for sentence in document]):
                rows = zip(tagged.sentence.tokens, tagged.tags, chunks(list(tagged.tags)), strict=True)
                blocks.append("\n".join(map(" ".join, rows)))
        (SAMPLES / f"grammar.{part}.conll").write_text("\n\n".join(blocks) + "\n", encoding="utf-8")
        letters = ["\n".join(map("\n".join, map(spelled, s.tokens))) for s in sentences[: LETTERS[part]]]
        (SAMPLES / f"letters.{part}.conll").write_text("\n\n".join(letters) + "\n", encoding="utf-8")


def spelled(word: str) -> list[str]:
    """Spell a word as rows of a letter and its tag, B M E or S.

    >>> spelled("a"), spelled("off")
    (['a S'], ['o B', 'f M', 'f E'])
    """
    tags = "S" if len(word) == 1 else "B" + "M" * (len(word) - 2) + "E"
    return [f"{letter} {tag}" for letter, tag in zip(word, tags, strict=True)]


if __name__ == "__main__":
    main(sys.argv[1])
