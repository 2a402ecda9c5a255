"""The splits of series into training, validation and test part."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from bilstm_nlp.config.sections import NotNegative, Positive, Probability, Section

Fraction = Annotated[float, Field(gt=0, lt=1)]


class FractionsSplit(Section):
    """Parts as fractions of the rows, oldest rows first."""

    kind: Literal["fractions"] = "fractions"
    train: Fraction = 0.7
    """Fraction of the training rows."""
    validation: Fraction = 0.1
    """Fraction of the validation rows, which choose the epoch to keep and the width of the intervals."""
    test: Probability = 0.2
    """Fraction of the test rows. 0: no test part."""


class CountsSplit(Section):
    """Parts as numbers of rows, oldest rows first. Rows after the test part are not used."""

    kind: Literal["counts"] = "counts"
    train: Positive
    """Number of training rows."""
    validation: Positive
    """Number of validation rows, which choose the epoch to keep and the width of the intervals."""
    test: NotNegative
    """Number of test rows. 0: no test part."""


class LastSplit(Section):
    """Parts as numbers of rows at the end of each series, however long it is. All rows before them are for training."""

    kind: Literal["last"] = "last"
    validation: Positive
    """Number of validation rows before the test rows. They choose the epoch to keep and the width of the intervals."""
    test: NotNegative
    """Number of test rows, the last of each series. 0: no test part."""


def at_midnight(day: datetime | date) -> datetime:
    """Return a date as the moment at which it begins, because JSON keeps moments only.

    >>> at_midnight(date(2020, 1, 1))
    datetime.datetime(2020, 1, 1, 0, 0)
    """
    return day if isinstance(day, datetime) else datetime(day.year, day.month, day.day)


Moment = Annotated[datetime | date, AfterValidator(at_midnight)]


class DatesSplit(Section):
    """Parts by the date at which they begin."""

    kind: Literal["dates"] = "dates"
    validation: Moment
    """First date of the validation part."""
    test: Moment
    """First date of the test part."""
    end: Moment | None = None
    """First date that is not used. Not set: use all rows."""
