"""What somebody wants predicted, as the command line asks for it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal, TypeVar

from bilstm_nlp.errors import InputError

Format = Literal["text", "conll", "jsonl", "csv", "json", "parquet"]
Reads = Literal["auto", "text", "conll", "jsonl", "dataset"]
KindT = TypeVar("KindT", bound=str)


@dataclass(frozen=True)
class Request:
    """Predictions for `source` (`-` is standard input). What is left at its default is the model's to decide."""

    source: str
    format: Format | None = None
    reads: Reads = "auto"
    """How a tagger reads the source."""
    confidence: bool = False
    """Whether a tagger gives each entity its probability."""
    nbest: int = 0
    """So many of a tagger's most probable tag sequences."""
    known: str | None = None
    """A forecaster's file of columns known ahead, for the rows after the end of the source."""
    plot: Path | None = None
    """Where a forecaster draws history and forecast, a tagger the first sentence's attention."""
    attention: bool = False
    """Whether a tagger says how much each token has read of each."""
    jobs: int = 1
    """Processes that share a tagger's stream; for a predictor that is loaded already it means nothing."""

    def check(self, model: str, formats: tuple[KindT, ...], others: tuple[str, ...]) -> KindT:
        """The format to write, by default the first of `formats`.

        Raises `InputError` for another one, and for one of the `others`, which this kind of model has no use for.
        """
        for field in fields(self):
            if field.name in others and getattr(self, field.name) != field.default:
                raise InputError(f"--{'input' if field.name == 'reads' else field.name}: not for a {model}")
        chosen = self.format or formats[0]
        for known in formats:
            if known == chosen:
                return known
        raise InputError(f"--format: expected {', '.join(formats)} for a {model}, found {chosen}")
