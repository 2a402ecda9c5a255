"""A request for predictions, with the options of `bilstm-nlp predict`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal, TypeVar

from bilstm_nlp.errors import InputError

TaggerFormat = Literal["text", "conll", "jsonl", "csv", "html", "doccano", "label-studio", "spacy", "docbin", "brat"]
Format = Literal[TaggerFormat, "json", "parquet"]
Reads = Literal["auto", "text", "tokens", "conll", "jsonl", "dataset"]
Combine = Literal["mean", "median"]
Engine = Literal["torch", "onnx"]
Measure = Literal["least-certain", "margin", "errors"]
KindT = TypeVar("KindT", bound=str)

_OPTIONS = {"reads": "input", "levels": "level", "min_confidence": "min-confidence"}
"""Options with other names than their fields."""


_ENCODING = "data.encoding"


def settings_of(overrides: Sequence[str] | None, encoding: str | None) -> tuple[str, ...]:
    """Return the `KEY=VALUE` settings of a command, with that of its --encoding.

    >>> settings_of(["data.comment='#'"], "latin-1")
    ("data.comment='#'", 'data.encoding="latin-1"')

    Raises `InputError` if both name an encoding.
    """
    stated = [setting for setting in overrides or () if setting.partition("=")[0].strip() == _ENCODING]
    if encoding is not None and stated:
        raise InputError(f"--encoding: expected no data.encoding beside it, found --set {stated[0]}")
    return (*(overrides or ()), *([] if encoding is None else [f"{_ENCODING}={json.dumps(encoding)}"]))


@dataclass(frozen=True)
class ErrorsPage:
    """A request for a page with all wrong predictions of an evaluation."""

    path: Path
    """The HTML file to write."""
    runs: Sequence[Path] = ()
    """The run directories that the page links to."""


@dataclass(frozen=True)
class Ranking:
    """A request to give only the sentences, texts or series that a model is least sure of."""

    top: int
    """Number of sentences, texts or series."""
    by: Measure
    """The measure of what is sure."""


@dataclass(frozen=True)
class Request:
    """A request to predict from `source`; `-` is standard input. Options with default values are left to the model.

    >>> Request("news.txt").check("tagger", ("text", "jsonl"), others=("known",))
    'text'
    """

    source: str
    format: Format | None = None
    reads: Reads = "auto"
    """Format of a tagger's source."""
    confidence: bool = False
    """Ask a tagger for the probability of each entity."""
    nbest: int = 0
    """Number of a tagger's most probable tag sequences to give."""
    known: str | None = None
    """A forecaster's file of columns known ahead, for the rows after the end of the source."""
    static: str | None = None
    """A forecaster's file of static columns, for series that were not in training."""
    plot: Path | None = None
    """Picture to draw: a forecaster's history and forecast, or a tagger's attention in the first sentence."""
    attention: bool = False
    """Ask a tagger for its attention weights."""
    jobs: int = 1
    """Processes that share the input of a tagger, classifier or labeller. A loaded predictor ignores the number."""
    levels: tuple[float, ...] = ()
    """Levels of a forecaster's intervals; none for that of its config."""
    horizon: int | None = None
    """Steps that a forecaster forecasts; by default those of its training."""
    split: str | None = None
    """Language by whose rules a tagger cuts each text into sentences. Not set: each text is a sentence."""
    settings: tuple[str, ...] = ()
    """Settings of how a tagger reads its source, each `KEY=VALUE`, with which its run is opened."""
    engine: Engine = "torch"
    """The engine that computes, with which runs are opened."""
    min_confidence: float = 0.0
    """Least probability of a tagger's entities. Those below are left out."""

    @property
    def states_encoding(self) -> bool:
        """True if the settings name the encoding of the source."""
        return self._states(_ENCODING)

    @property
    def states_columns(self) -> bool:
        """True if the settings name the column of the tokens."""
        return self._states("data.token_column")

    def _states(self, key: str) -> bool:
        return any(setting.partition("=")[0].strip() == key for setting in self.settings)

    def check(self, model: str, formats: tuple[KindT, ...], others: tuple[str, ...]) -> KindT:
        """Return the format to write, by default the first of `formats`.

        Raises `InputError` for any other format, and for an option among `others`, which the model can't use.
        """
        for field in fields(self):
            if field.name in others and getattr(self, field.name) != field.default:
                raise InputError(f"--{_OPTIONS.get(field.name, field.name)}: not for a {model}")
        chosen = self.format or formats[0]
        for offered in formats:
            if offered == chosen:
                return offered
        raise InputError(f"--format: expected {', '.join(formats)} for a {model}, found {chosen}")
