"""Sequences of numbers with labels, and the layout of their files. A sequence has a class, or a label for each step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from bilstm_nlp.batch import Bools, Floats, Ints
from bilstm_nlp.data.series.layout import LARGEST
from bilstm_nlp.errors import ConfigError, DataError, listed

Reading = Literal["class", "steps", "none"]
"""The meaning of labels: the class of a whole sequence, a label for each step, or labels that are not read."""


COLUMNS_SHOWN = 10
"""Columns that a message lists."""


@dataclass(frozen=True)
class SequenceFormat:
    """A description of files of sequences: the roles of columns, the spelling of numbers, the treatment of gaps."""

    reading: Reading = "class"
    """The meaning of the labels."""
    id_column: str | None = None
    """The column with the name of the sequence; by default told by its name."""
    step_column: str | None = None
    """The column with the number or time of a step; by default told by its name."""
    label_column: str | None = None
    """The column of labels; by default told by its name, or the only column of text."""
    values: tuple[str, ...] | None = None
    """Columns of numbers to read, in this order; by default all that have no other role."""
    names: tuple[str, ...] | None = None
    """Names of all columns of a CSV file without a header."""
    missing: Literal["error", "interpolate"] = "error"
    """The treatment of empty cells and infinities: an error, or a straight line between neighbours."""
    decimal: str = "."
    """The decimal separator."""
    thousands: str | None = None
    """The separator between groups of three digits."""
    encoding: str = "utf-8"
    """The encoding of CSV and .ts files."""
    largest: float = LARGEST
    """The largest number, of either sign, that can be trained on."""

    @property
    def roles(self) -> Roles:
        """The columns that the layout names."""
        return Roles(self.id_column, self.step_column, self.label_column, self.values or ())

    def with_roles(self, roles: Roles) -> SequenceFormat:
        """Return the layout of other files that have these columns, unless this layout names other columns itself.

        >>> SequenceFormat(id_column="trip").with_roles(Roles("ride", "second", None, ("speed",))).id_column
        'trip'

        Columns of numbers with other names stand in the order of `roles`.
        Raises `ConfigError` for another number of them.
        """
        if self.values is not None and len(self.values) != len(roles.values):
            expected = f"{len(roles.values)} columns, in the order of {listed(roles.values, most=COLUMNS_SHOWN)}"
            raise ConfigError("--set", [f"data.values: expected {expected}, found {len(self.values)}"])
        return replace(
            self,
            id_column=self.id_column or roles.id,
            step_column=self.step_column or roles.step,
            label_column=self.label_column or roles.label,
            values=self.values or roles.values,
        )


@dataclass(frozen=True)
class Roles:
    """The columns of a file of sequences."""

    id: str | None
    """`None` if a file is a single sequence, or if sequences have no names."""
    step: str | None
    """`None` if steps are in the order of the file."""
    label: str | None
    """`None` if there are no labels, or if they have no column."""
    values: tuple[str, ...]
    """The F columns of numbers."""


@dataclass(frozen=True, eq=False)
class LabelledSequence:
    """A sequence of T steps of F numbers."""

    name: str
    source: str
    line: int
    """The line of its first step, or the row of a Parquet file."""
    values: Floats
    """(T, F)"""
    labels: tuple[str, ...] | None
    """A label for each step, or only the class of the whole sequence. None if they are not read.

    An empty label stands for a missing one, which was complained of.
    """
    rows: Ints
    """(T,) line of each step, or its row."""
    steps: tuple[str, ...] | None = None
    """The number or time of each step, as the file spells it. None if there is no such column."""
    unusable: Bools | None = None
    """(T, F) True where a 0 stands for a number that can't be read, and was complained of. None if all can be read."""

    @property
    def usable_values(self) -> Floats:
        """The values (T, F) with NaN for those that can't be read."""
        return self.values if self.unusable is None else np.where(self.unusable, np.nan, self.values)

    def __len__(self) -> int:
        """Count the steps."""
        return len(self.values)

    @property
    def class_name(self) -> str:
        """The class of a sequence whose labels were read as classes. Raises `ValueError` for others."""
        if self.labels is None or len(self.labels) != 1:
            raise ValueError(f"The class of {self.name} needs a single label. Got {self.labels}.")
        return self.labels[0]


@dataclass(frozen=True)
class SequenceSet:
    """The sequences of one source or of several, each with at least one step."""

    source: str
    sequences: list[LabelledSequence]
    roles: Roles

    def usable_columns(self) -> dict[str, Floats]:
        """Return the numbers (N,) of each column over all sequences, without those that can't be read."""
        values = np.concatenate([sequence.usable_values for sequence in self.sequences])
        return {name: column[~np.isnan(column)] for name, column in zip(self.roles.values, values.T, strict=True)}


class NoSequences(DataError):
    """A file without sequences, or without any that can be read."""
