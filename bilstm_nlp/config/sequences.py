"""The files of sequences of a config: series with a class, or with a label for each step."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag

from bilstm_nlp.config.corpora import (
    CorpusFiles,
    DevShare,
    HeldOut,
    OneFile,
    SeveralFiles,
    corpus_kind,
    expanded,
    files_of,
)
from bilstm_nlp.config.sections import LARGEST, Positive, Section, Seed


class SequenceShare(DevShare):
    """A share of the training sequences that is cut off them as the development part, from each class alike."""

    share: float = Field(gt=0, lt=1)
    """Fraction of the training sequences to cut off. Sequences stay whole."""
    seed: Seed | None = None
    """Seed of the draw. Not set: that of the run. Runs of several seeds are compared on one draw, so they need it."""


class SequenceFold(HeldOut):
    """A fold of the training sequences that is not trained on, for cross-validation."""

    fold: Positive
    """Number of the fold, from 1 to `folds`."""
    folds: int = Field(ge=2, le=LARGEST)
    """Number of folds of the training sequences. Sequences stay whole, and folds have like shares of each class."""


DevelopmentSequences = Annotated[
    OneFile | SeveralFiles | Annotated[SequenceShare, Tag("share")],
    Discriminator(corpus_kind),
    AfterValidator(expanded),
]
"""One file or several, or a share of the training sequences."""


class SequenceData(Section):
    """The files of sequences and their columns."""

    train: CorpusFiles
    """Training sequences: .csv, .csv.gz or .parquet with a row for each step, .ts of the time-series archives, or
    `sample:FILE`. A list, or a pattern such as `data/*.csv`, names several files."""
    dev: DevelopmentSequences
    """Development sequences. Choose the epoch to keep and the temperature of the confidences. `{ share = 0.1 }` cuts
    a tenth of the sequences off the training part."""
    test: CorpusFiles | None = None
    """Test sequences. Scored once, after training."""
    fraction: float = Field(1.0, gt=0, le=1)
    """Fraction of the training sequences to use. Smaller fractions are subsets of larger ones, whatever the seed."""
    held_out: SequenceFold | None = None
    """Fold of the training sequences to leave out, for cross-validation. Not set: use all sequences."""
    id_column: str | None = None
    """Column with the name of the sequence. Not set: `unique_id`, `sequence`, `recording`, `id` or another usual name;
    a file without such a column is a single sequence."""
    step_column: str | None = None
    """Column with the number or the time of a step, in ISO 8601. Not set: `step`, `time`, `date` or another usual
    name; without such a column, steps are in the order of the file."""
    label_column: str | None = None
    """Column of the labels. Not set: `label`, `class`, `activity`, `state` or another usual name, else the only column
    of text."""
    values: tuple[str, ...] | None = Field(None, min_length=1)
    """Columns of numbers to read. Not set: all columns of numbers that have no other role."""
    columns: tuple[str, ...] | None = Field(None, min_length=2)
    """Names of all columns, for a CSV file without a header. Not set: the first line has the names."""
    decimal: Literal[".", ","] = "."
    """Decimal separator of a CSV file."""
    thousands: Literal[",", ".", " ", "'"] | None = None
    """Separator between groups of three digits in a CSV file, such as 1,234."""
    encoding: str = "utf-8"
    """Character encoding of CSV and .ts files."""
    missing: Literal["error", "interpolate"] = "error"
    """Treatment of empty cells and infinities. `interpolate` draws lines between the steps around, within a sequence.
    Filled values are counted and reported."""
    scaler: Literal["standard", "sequence", "none"] = "standard"
    """Scaling of each column to mean 0 and deviation 1: `standard` over all training steps, `sequence` over the steps
    of each sequence by itself."""

    @property
    def sources(self) -> tuple[str, ...]:
        """The files that are read."""
        parts = [self.train, self.test, None if isinstance(self.dev, SequenceShare) else self.dev]
        return tuple(file for part in parts if part is not None for file in files_of(part))
