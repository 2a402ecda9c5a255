"""The covariates that a config names: static values of each series, and the columns that are categories."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace

from bilstm_nlp.config.forecasting import ForecastingConfig, ForecastingData
from bilstm_nlp.data.series.covariates import any_given
from bilstm_nlp.data.series.fitting import idle_columns
from bilstm_nlp.data.series.layout import TableFormat
from bilstm_nlp.data.series.series import Columns, Parts, Series, SeriesSet
from bilstm_nlp.data.series.static_table import StaticTable
from bilstm_nlp.errors import ConfigError, DataError, listed

logger = logging.getLogger(__name__)


def with_covariates(
    data: SeriesSet, columns: Columns, config: ForecastingData, format: TableFormat
) -> tuple[SeriesSet, Columns]:
    """Give each series its static values, and the static and the categorical columns their roles.

    Static values come from the series' file, and from `data.static_file`. Known columns of categories become the last.
    Raises `ConfigError` for columns that don't exist, and `DataError` for static values that are missing or wrong.
    """
    names = config.static
    if config.static_file is not None:
        names = names or tuple(data.series[0].static)  # which a refitting may have already
        if not _all_given(data, names):
            data, names = _with_file(data, columns, config, config.static_file, format)
    lacking = [name for name in names if name not in data.series[0].static]
    header = f"{config.file} and {config.static_file}" if config.static_file is not None else config.file
    problems = [f"data.static: expected columns of {header}, found {name!r}" for name in lacking]
    others = [name for name in config.categorical if name not in (*columns.known, *names)]
    problems += [f"data.categorical: expected columns of data.known and data.static, found {name!r}" for name in others]
    twice = [name for name in names if name in columns.all]
    problems += [f"data: expected each column in one role, found {name!r} in two" for name in twice]
    if problems:
        raise ConfigError(config.file, problems)
    _check_values(data, names, config)
    is_coded = data.series[0].labels
    coded = tuple(name for name in columns.known if name in is_coded)
    known = (*(name for name in columns.known if name not in is_coded), *coded)
    static = tuple(name for name in names if any(_is_category(series, name) for series in data.series))
    return data, replace(columns, known=known, static=names, categorical=(*coded, *static))


def warn_of_mirrored_effects(config: ForecastingConfig, columns: Columns) -> None:
    """Warn if training windows are mirrored beside columns that can't be, so that their effects cancel out."""
    others = [*columns.observed, *columns.static, *columns.read.coded]
    if config.training.mirror > 0 and others:
        logger.warning(
            "training.mirror = %g: mirrored windows have the effects of %s mirrored too, so less or nothing is learned "
            "from them",
            *(config.training.mirror, ", ".join(others)),
        )


def idle_remarks(columns: Columns, series: Sequence[Series], parts: Sequence[Parts]) -> Iterator[str]:
    """Describe each known column that no model reads, with the first row in which it has another value."""
    for name in idle_columns([each[own.train] for each, own in zip(series, parts, strict=True)], columns):
        value = _shown(series[0], name, series[0].select([name])[parts[0].train.start, 0])
        remark = (
            f"data.known: column {name!r} is {value} in all training rows, so nothing can be learned from it: "
            "no model reads it"
        )
        for each, own in zip(series, parts, strict=True):
            values = each.select([name])[:, 0]
            other = [_shown(each, name, cell) != value for cell in values.tolist()]
            if any(other):
                row = other.index(True)
                part = next((part for part in ("validation", "test") if row < getattr(own, part).stop), "test")
                shown = _shown(each, name, values[row])
                where = f"its {part} part, in series {each.id!r} at {each.dates[row]}"
                remark += f", although it is {shown} in {where}"
                break
        yield remark


def _shown(series: Series, name: str, value: float) -> str:
    """Return a value of a known column for a message: its label if it is a category."""
    labels = series.labels.get(name)
    return f"{value:g}" if labels is None else repr(("", *labels)[int(value)])


def _all_given(data: SeriesSet, names: Sequence[str]) -> bool:
    """Tell if each series has a value of each of these columns, one or more."""
    return bool(names) and all(any_given(series.static.get(name, (None,))) for series in data.series for name in names)


def _is_category(series: Series, name: str) -> bool:
    """Tell if a series has text in a static column."""
    return any(isinstance(cell, str) for cell in series.static[name])


def _with_file(
    data: SeriesSet, columns: Columns, config: ForecastingData, source: str, format: TableFormat
) -> tuple[SeriesSet, tuple[str, ...]]:
    """Give each series the static values of a second file. Return also the static columns."""
    table = StaticTable.read(source, format)
    key = table.key(config.id_column, data, columns.targets)
    names = config.static or table.names(key)
    categorical = replace(format, categorical=config.categorical) if not format.decided else format
    own = [name for name in names if name in table.names(key)]
    attached = table.attached(data, columns.targets, own, key, categorical)
    notes = attached.notes[len(data.notes) :]
    if key != config.id_column:
        notes = (f"{source}: column {key!r} is read as the names of the series", *notes)
    for note in notes:
        logger.warning("%s", note)
    return replace(attached, notes=data.notes), names


def _check_values(data: SeriesSet, names: Sequence[str], config: ForecastingData) -> None:
    """Raise `DataError` for a static value that is missing, unless `data.missing` fills it; warn of constant ones."""
    for name in names:
        missing = [series.id for series in data.series if None in series.static[name]]
        shown = listed([repr(name) for name in missing])
        if missing and config.missing == "error":
            advice = 'data.missing = "interpolate" or "ffill" reads it as unknown'
            rule = f"a value of static column {name!r} for every series"
            raise DataError(config.static_file or data.source, rule, f"none for {len(missing)}: {shown}; {advice}")
        if missing:
            logger.warning("static column %r has no value in %d series, read as unknown: %s", name, len(missing), shown)
        values = {cell for series in data.series for cell in series.static[name]}
        if len(values) == 1:
            logger.warning("static column %r has one value in all series: nothing can be learned from it", name)
