"""Texts as the input of a classifier."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from itertools import chain, cycle, islice
from typing import Any

from bilstm_nlp.batch import AnyArray
from bilstm_nlp.config.classification import TextClassificationConfig
from bilstm_nlp.data.labelled.labelled_text import LabelledText
from bilstm_nlp.data.text.text_codec import TextCodec
from bilstm_nlp.tasks.classification.ends import Part, Parts
from bilstm_nlp.tasks.classification.text_data import TextLoader, text_of
from bilstm_nlp.tasks.inspection import Inspection
from bilstm_nlp.tasks.vectors import pretrained_vectors

logger = logging.getLogger(__name__)

RECORDED, SHOWN = 40, 200
"""Tokens of a recorded text, and characters of a text that is shown, at most."""


class TextEnd:
    """The texts of a config: as files, as numbers, and as predictions."""

    units, steps = "texts", "tokens"

    def __init__(self, config: TextClassificationConfig) -> None:
        self.config = config
        self.loader = TextLoader(config.data, config.seed)

    def load(self) -> Parts[LabelledText]:
        """Read all parts. Raises `InputError` for data that can't be used."""
        return self.loader.load()

    def read(self, source: str, classes: Collection[str] = ()) -> Part[LabelledText]:
        """Read another file in the same way. Known classes help to tell their column.

        Raises `InputError` for data that can't be used.
        """
        return self.loader.read(source, frozenset(classes))

    def restored(self, values: object, arrays: Mapping[str, AnyArray]) -> TextCodec:
        """Restore the codec of saved files, and cut texts as in training from now on.

        Raises `RunError` for a codec that is damaged.
        """
        codec = TextCodec.from_json(values, arrays)
        self.loader.restore_cut(codec.tokenizer)
        return codec

    def inspect(self, source: str | None) -> Inspection:
        """Describe the config's texts, or another file that is read in the same way."""
        from bilstm_nlp.tasks.classification.text_inspection import inspect_texts

        settings, several = self.config.embeddings, self.config.head.kind == "sigmoid"
        return inspect_texts(self.loader, source, lambda: pretrained_vectors(settings), several=several)

    # --- texts as JSON and for people ---

    def recorded(self, value: LabelledText, *, whole: bool = False) -> list[str]:
        """Return the first tokens of a text, or all of them."""
        return list(value.tokens if whole else value.tokens[:RECORDED])

    def replayed(self, value: Any) -> LabelledText:
        """Restore a text of its tokens."""
        return LabelledText(" ".join(value), tuple(value), None, 1)

    def repeated(self, values: Sequence[LabelledText]) -> LabelledText:
        """Return a text three times as long as the longest, of the tokens of all."""
        tokens = cycle(chain.from_iterable(text.tokens for text in values))
        return self.replayed(list(islice(tokens, 3 * max(len(text.tokens) for text in values))))

    def shown(self, value: LabelledText) -> str:
        """Return a text, or its beginning."""
        return value.text if len(value.text) <= SHOWN else value.text[:SHOWN] + "…"

    def key(self, value: LabelledText) -> str:
        """Return the text."""
        return text_of(value)
