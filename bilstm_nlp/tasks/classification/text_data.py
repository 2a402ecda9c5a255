"""The texts that a classifier's config names: read, cut into tokens, in parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import replace
from pathlib import Path

from bilstm_nlp.config.corpora import DevShare, files_of
from bilstm_nlp.config.text_classes import TextClassData
from bilstm_nlp.data.labelled.labelled_text import LabelledCorpus, LabelledText, TextFormat, place_of
from bilstm_nlp.data.labelled.text_files import read_all_texts
from bilstm_nlp.data.lines import Complain, stop, suggestion
from bilstm_nlp.data.remarks import Note
from bilstm_nlp.data.text.tokenizer import WORDS, Cut
from bilstm_nlp.errors import DataError, InputError
from bilstm_nlp.tasks.classification.ends import Labelled, Part, Parts
from bilstm_nlp.tasks.classification.parts import Files, cut_off, divided

LOOKED_FOR = "a relative path is looked for in the current folder, then beside the config"


def text_of(text: LabelledText) -> str:
    """Return the content of a text, by which equal texts are told.

    >>> text_of(LabelledText("Good  film", ("Good", "film"), None, 1))
    'Good film'
    """
    return " ".join(text.tokens)


def cut_of(tokenizer: str | None) -> Cut:
    """Return the cut of texts that a config asks for."""
    if tokenizer is None:
        return WORDS
    return Cut("blanks") if tokenizer == "blanks" else Cut(module=tokenizer)


def text_format(data: TextClassData) -> TextFormat:
    """Return the settings of readers in the config."""
    return TextFormat(
        text=data.text_column,
        label=data.label_column,
        separator=data.separator,
        header=data.header,
        label_separator=data.label_separator,
        label_names=data.label_names,
        encoding=data.encoding,
        cut=cut_of(data.tokenizer),
        on_empty=data.on_empty,
    )


class TextLoader:
    """A reader of texts, with the settings of a config's data section."""

    def __init__(self, config: TextClassData, seed: int) -> None:
        """`seed`: that of the run."""
        self.config, self.seed, self.format = config, seed, text_format(config)

    def restore_cut(self, tokenizer: str | None) -> None:
        """Cut texts as in training, unless the config says otherwise.

        A function that only a run names is not imported: texts that it should cut raise `InputError`.
        """
        if self.config.tokenizer is None and tokenizer is not None:
            self.format = replace(self.format, cut=replace(cut_of(tokenizer), saved=True))

    def load(self) -> Parts[LabelledText]:
        """Read all parts. Raises `InputError` for data that can't be used."""
        known: set[str] = set()

        def read(source: Files) -> Part[LabelledText]:
            part = self.read(source, known)
            known.update(name for example in part.examples for name in example.classes)
            return part

        return divided(self.config, self.seed, text_of, read)

    def cut(self, train: Part[LabelledText], dev: DevShare) -> tuple[Part[LabelledText], Part[LabelledText]]:
        """Cut the development texts off the training texts."""
        return cut_off(train, dev, self.seed, text_of)

    def read(
        self,
        source: Files,
        known: Set[str] = frozenset(),
        complain: Complain = stop,
        note: Note | None = None,
    ) -> Part[LabelledText]:
        """Read a part. `known` classes help to tell the column of the class.

        Without `note`, a warning counts what is guessed or skipped.
        """
        files = files_of(source)
        for file in files:
            if not (file.startswith(("hf:", "sample:")) or file == "-" or Path(file).exists()):
                hint = f"; {LOOKED_FOR}" if source in (self.config.train, self.config.dev, self.config.test) else ""
                raise DataError(file, "a file", f"nothing there{suggestion(file)}{hint}")
        return part_of(read_all_texts(files, replace(self.format, classes=frozenset(known)), complain, note))

    def inputs_of(self, inputs: object, name: str) -> tuple[list[LabelledText], bool]:
        """Read texts that are given in Python; also tell whether they are several.

        A string is a text, a list or tuple of strings in a list is a text that is already cut into tokens, a dict has
        the keys of JSON. Raises `InputError` for anything else.
        """
        if isinstance(inputs, str | Mapping):
            return [self._input(inputs, name)], False
        if isinstance(inputs, bytes | bytearray | Set) or not isinstance(inputs, Iterable):
            raise InputError(f"{name}: expected a text or a list of texts, found {type(inputs).__name__}")
        return [self._input(value, f"{name}: input {number}") for number, value in enumerate(inputs, 1)], True

    def _input(self, value: object, name: str) -> LabelledText:
        """Make a text of a string, of a list of tokens, or of a record."""
        match value:
            case str():
                return LabelledText(value, tuple(self.format.cut.tokens(value)), None, 1)
            case list() | tuple() if value and all(isinstance(token, str) and token for token in value):
                return LabelledText(" ".join(value), tuple(value), None, 1)
            case {"text": str(text), **other}:
                others = {str(key): item for key, item in other.items()}
                return LabelledText(text, tuple(self.format.cut.tokens(text)), None, 1, others)
            case _:
                expected = 'a text, a list of tokens that are not empty, or {"text": …}'
                raise InputError(f"{name}: expected {expected}, found {type(value).__name__}")


def part_of(corpus: LabelledCorpus) -> Part[LabelledText]:
    """Return the texts of a corpus with their classes."""
    return Part(
        corpus.source,
        [Labelled(text, text.classes or (), place_of(text, corpus.source), text.line) for text in corpus.texts],
    )
