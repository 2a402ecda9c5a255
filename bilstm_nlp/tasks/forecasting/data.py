"""The series that a forecaster's config names: read, their columns given roles, each series split into parts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

import pandas as pd

from bilstm_nlp.config.forecasting import ForecastingConfig, ForecastingData
from bilstm_nlp.config.splits import CountsSplit, DatesSplit, FractionsSplit, LastSplit
from bilstm_nlp.data.folds import count_of
from bilstm_nlp.data.lines import Complain, stop
from bilstm_nlp.data.series import table_files
from bilstm_nlp.data.series.codec import SeriesCodec
from bilstm_nlp.data.series.layout import LARGEST, LARGEST_UNSCALED, TableFormat
from bilstm_nlp.data.series.series import (
    Columns,
    Parts,
    Series,
    SeriesSet,
    split_counts,
    split_dates,
    split_fractions,
    split_last,
)
from bilstm_nlp.data.series.static import ConstantColumns, constant_columns
from bilstm_nlp.data.series.tables import read
from bilstm_nlp.errors import ConfigError, InputError, listed
from bilstm_nlp.tasks.forecasting.covariates import with_covariates
from bilstm_nlp.tasks.forecasting.facts import Facts
from bilstm_nlp.tasks.forecasting.validating import PartsOf, with_validation_of_some

logger = logging.getLogger(__name__)


def table_format(config: ForecastingConfig) -> TableFormat:
    """Return the layout of the config's files."""
    data = config.data
    named = (*data.targets, *data.observed, *data.known) if data.targets is not None else None
    return TableFormat(
        layout=data.layout,
        date_column=data.date_column,
        id_column=data.id_column,
        columns=named,
        missing=data.missing,
        frequency=data.frequency,
        timezone=data.timezone,
        date_format=data.date_format,
        decimal=data.decimal,
        thousands=data.thousands,
        names=data.columns,
        largest=LARGEST_UNSCALED if data.scaler == "none" else LARGEST,
        ahead=data.known,
        static=data.static,
        categorical=data.categorical,
    )


@dataclass(frozen=True)
class SeriesParts:
    """All series of a file, the roles of their columns, and the three parts of each series."""

    series_set: SeriesSet
    columns: Columns
    parts: list[Parts]
    refitted: bool = False
    """True for a training that is to have no test part, whatever the config says."""

    def rows(self, part: str) -> list[slice]:
        """Return the rows of one part of each series."""
        return [getattr(parts, part) for parts in self.parts]

    def training_rows(self, least_past: int) -> list[slice]:
        """Return the rows of each series in which training windows have their targets.

        Look-backs of other parts reach into the rows before the part. Rows before the training part are not used.
        """
        return [slice(rows.start + least_past, rows.stop) for rows in self.rows("train")]

    @property
    def has_test(self) -> bool:
        """True if any series has a test row."""
        return any(rows.stop > rows.start for rows in self.rows("test"))


class SeriesLoader:
    """A reader of series, with the settings of a config's data section."""

    def __init__(self, config: ForecastingData, format: TableFormat) -> None:
        """`format`: the layout of the files."""
        self.config, self.format = config, format

    def facts(self, complain: Complain = stop) -> Facts:
        """Read the config's series, and return the facts by which settings are chosen.

        Problems go to `complain`, as in `tables.read`.
        """
        series_set = read(self.config.file, self.format, complain)
        return Facts.of(series_set, self._columns(series_set).targets)

    def constant_columns(self) -> ConstantColumns:
        """Return the columns of the config's file that have one value within each series, and no role yet."""
        given = (*self.config.observed, *self.config.known)
        return constant_columns(table_files.load(self.config.file, self.format), self.format, given)

    def load(self) -> SeriesParts:
        """Read the config's series and split each into parts.

        Raises `InputError` for series that can't be read or split.
        """
        config = self.config
        series_set = read(config.file, self.format)
        logger.info("%s: %d series, frequency %s", config.file, len(series_set.series), series_set.frequency)
        _remark(series_set)
        if config.validate_on == "test":
            logger.warning(
                'data.validate_on = "test": the test part chooses the epoch and the width of the intervals, so its '
                "figures are better than those on new data would be"
            )
        return self.split(series_set)

    def split(self, series_set: SeriesSet) -> SeriesParts:
        """Give columns their roles and split each series, as the config says.

        A series that can't be split is left out, with a warning.
        Raises `InputError` for columns that don't fit the config, and if no series can be split.
        """
        series_set, columns = with_covariates(series_set, self._columns(series_set), self.config, self.format)
        kept, parts = self._split_each(series_set, self.parts_of)
        return SeriesParts(kept, columns, parts)

    def whole(self, series_set: SeriesSet, codec: SeriesCodec) -> SeriesParts:
        """Make parts of series that were read for a trained codec; every part of a series is all of it."""
        whole = [slice(0, len(series)) for series in series_set.series]
        return SeriesParts(series_set, codec.columns, [Parts(rows, rows, rows) for rows in whole])

    def without_test(self, series_set: SeriesSet) -> SeriesParts:
        """Split for training on all rows, without a test part.

        The last rows are the validation part, as many as the config's split gives. A series that can't be split is
        left out, with a warning.
        Raises `InputError` if no series can be split.
        """

        def parts_of(series: Series) -> Parts:
            return split_last(len(series), self._validation_rows(series), 0)

        series_set, columns = with_covariates(series_set, self._columns(series_set), self.config, self.format)
        kept, parts = self._split_each(series_set, parts_of)
        return SeriesParts(kept, columns, parts, refitted=True)

    def _validation_rows(self, series: Series) -> int:
        """Count the validation rows of a series without a test part, which may be cut short of its own end."""
        match self.config.split:
            case CountsSplit(validation=validation) | LastSplit(validation=validation):
                return validation
            case FractionsSplit() | DatesSplit():
                rows = self.parts_of(series).validation
                return int(rows.stop - rows.start)
            case unknown:
                assert_never(unknown)

    def parts_of_each(self, series: Sequence[Series]) -> PartsOf:
        """Return a function that splits each of these series, which raises `InputError` as `parts_of` does."""
        return with_validation_of_some(self.config, series, self.parts_of)

    def parts_of(self, series: Series) -> Parts:
        """Split a series into its three parts as the config says.

        Raises `InputError` if the parts don't fit into the series.
        """
        match self.config.split:
            case FractionsSplit(train=train, validation=validation, test=test):
                return split_fractions(len(series), (train, validation, test))
            case CountsSplit(train=train, validation=validation, test=test):
                return split_counts(len(series), (train, validation, test))
            case LastSplit(validation=validation, test=test):
                return split_last(len(series), validation, test)
            case DatesSplit(validation=validation, test=test, end=end):
                borders = (pd.Timestamp(validation), pd.Timestamp(test), None if end is None else pd.Timestamp(end))
                return split_dates(series.dates, *borders)
            case unknown:
                assert_never(unknown)

    def _split_each(self, series_set: SeriesSet, parts_of: PartsOf) -> tuple[SeriesSet, list[Parts]]:
        """Split each series, with the validation part and the fraction of training rows that the config asks for."""
        parts_of_some = with_validation_of_some(self.config, series_set.series, parts_of)
        kept, parts = _split_each(series_set, lambda series: self._with_fraction(parts_of_some(series)))
        if self.config.validation_series < 1:
            count = sum(each.validation.stop > each.validation.start for each in parts)
            message = "%s: %d of %d series have a validation part; the others are trained on these rows, too"
            logger.info(message, series_set.source, count, len(parts))
        return kept, parts

    def _with_fraction(self, parts: Parts) -> Parts:
        """Keep the most recent training rows, as many as `data.fraction` says."""
        fraction, rows = self.config.fraction, parts.train.stop - parts.train.start
        count = count_of(fraction, rows)
        if count == 0:
            raise InputError(f"data.fraction: expected a share with a row of the {rows} in training, found {fraction}")
        return replace(parts, train=slice(parts.train.stop - count, parts.train.stop))

    def _columns(self, series_set: SeriesSet) -> Columns:
        """Give each column its role.

        Raises `ConfigError` for a column that the file doesn't have or that has two roles.
        """
        config, columns = self.config, series_set.columns
        others = (*config.observed, *config.known)
        targets = config.targets or tuple(name for name in columns if name not in others)
        names = (*targets, *others)
        problems = [
            f"data: expected columns among {', '.join(columns)}, found {name!r}"
            for name in names
            if name not in columns
        ]
        twice = sorted({name for name in names if names.count(name) > 1})
        problems += [f"data: expected each column in one role, found {name!r} in two" for name in twice]
        if not problems and not targets:
            problems = ["data.targets: expected a column to forecast, found none left"]
        if problems:
            raise ConfigError(config.file, problems)
        return Columns(targets, config.observed, config.known)


def _remark(series_set: SeriesSet) -> None:
    """Warn of all that was decided while series were read."""
    for remark in series_set.remarks():
        logger.warning("%s", remark)


def _split_each(series_set: SeriesSet, parts_of: Callable[[Series], Parts]) -> tuple[SeriesSet, list[Parts]]:
    """Split each series, and return those that can be split with their parts; a warning names and counts the others.

    Raises `InputError` if there is none.
    """
    kept, parts = [], []
    left_out: list[tuple[Series, InputError]] = []
    for series in series_set.series:
        try:
            parts.append(parts_of(series))
            kept.append(series)
        except InputError as error:
            left_out.append((series, error))
    if not kept:
        first, reason = left_out[0]
        raise InputError(f"{series_set.source}, series {first.id!r}: {reason}") from None
    if left_out:
        named = listed([f"{series.id!r} ({len(series)} rows: {error})" for series, error in left_out], "; ")
        logger.warning(
            "%s: %d of %d series are left out: %s", series_set.source, len(left_out), len(series_set.series), named
        )
    return replace(series_set, series=kept), parts
