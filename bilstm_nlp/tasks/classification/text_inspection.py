"""Figures of texts with their classes, and complaints about them, before training."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import chain

from bilstm_nlp.config.corpora import DevShare
from bilstm_nlp.data.labelled.labelled_text import LabelledText
from bilstm_nlp.data.labelled.text_files import NoTexts
from bilstm_nlp.data.lines import Complain
from bilstm_nlp.data.remarks import Note, Remark
from bilstm_nlp.data.text.vocabulary import Coverage, WordTable
from bilstm_nlp.data.text.word_vectors import Pretrained
from bilstm_nlp.errors import DataError, InputError, excerpt
from bilstm_nlp.tasks.classification.ends import Part
from bilstm_nlp.tasks.classification.inspection import ClassInspection, inspect_parts
from bilstm_nlp.tasks.classification.text_data import TextLoader
from bilstm_nlp.tasks.inspection import Complaint

GARBLED = re.compile("\ufffd|[\u00c2\u00c3][\u0080-\u00bf]|\u00e2\u20ac|\u00e2\u0080")
"""Characters of UTF-8 that was read in another encoding, and the sign for bytes that were no text."""


def inspect_texts(
    loader: TextLoader,
    source: str | None,
    vectors: Callable[[], Pretrained | None] = lambda: None,
    *,
    several: bool = False,
) -> ClassInspection:
    """Inspect the texts of a config, or of another file that is read in the same way.

    A line that can't be read becomes a complaint, and the figures are those of all other lines. `vectors` reads the
    word vectors of the config. `several`: a text may have any number of classes.
    """
    complaints: list[Complaint] = []

    def unreadable(error: DataError) -> None:
        complaints.append(Complaint.of(error))

    def remarked(remark: Remark) -> None:
        complaints.append(Complaint(remark.source, remark.line, remark.message, False, remark.kind))

    try:
        loader.format.cut.tokens("")
    except InputError as error:
        return ClassInspection(complaints=[Complaint("config", None, str(error), wrong=True)])
    parts = _parts(loader, source, complaints, unreadable, remarked)
    if not parts:
        return ClassInspection(complaints=complaints)
    inspection = inspect_parts(parts, several=several)
    inspection.complaints[:0] = complaints
    inspection.complaints += chain.from_iterable(_garbled(part) for part in parts.values())
    try:
        pretrained = vectors()
    except DataError as error:
        inspection.complaints.append(Complaint.of(error))
    else:
        inspection.coverage = {} if pretrained is None else _coverage(parts, pretrained)
    return inspection


def _parts(
    loader: TextLoader, source: str | None, complaints: list[Complaint], complain: Complain, note: Note
) -> dict[str, Part[LabelledText]]:
    """Read all parts, or a single source. A part that can't be read is left out, and complained of."""
    data = loader.config
    files = {"train": data.train} if source is None else {"texts": source}
    if source is None:
        files |= {} if isinstance(data.dev, DevShare) else {"dev": data.dev}
        files |= {} if data.test is None else {"test": data.test}
    parts: dict[str, Part[LabelledText]] = {}
    known: frozenset[str] = frozenset()
    for name, part in files.items():
        before = sum(complaint.wrong for complaint in complaints)
        try:
            parts[name] = loader.read(part, known, complain, note)
        except DataError as error:
            # If each text has a complaint of its own, their number says that none is left.
            if not isinstance(error, NoTexts) or before == sum(complaint.wrong for complaint in complaints):
                complain(error)
            continue
        known |= {name for example in parts[name].examples for name in example.classes}
        if name == "train" and isinstance(data.dev, DevShare):
            try:
                parts["train"], parts["dev"] = loader.cut(parts["train"], data.dev)
            except DataError as error:
                complain(error)
    return parts if "train" in parts or source is not None else {}


def _garbled(part: Part[LabelledText]) -> Iterator[Complaint]:
    """Yield texts that look as if they were decoded with a wrong encoding."""
    for example in part.examples:
        match = GARBLED.search(example.input.text)
        if match is not None:
            start = max(match.start() - 20, 0)
            message = f"{excerpt(example.input.text[start:], 40)!r}; data.encoding names another"
            yield Complaint(example.source, example.line, message, False, "texts that look wrongly decoded")


def _coverage(parts: Mapping[str, Part[LabelledText]], pretrained: Pretrained) -> dict[str, Coverage]:
    """Count the tokens and words of each part that have a pretrained vector."""
    forms = {name: Counter(chain.from_iterable(text.tokens for text in part.inputs)) for name, part in parts.items()}
    words = WordTable.build(next(iter(forms.values())), pretrained)
    return {name: words.coverage(counts) for name, counts in forms.items()}
