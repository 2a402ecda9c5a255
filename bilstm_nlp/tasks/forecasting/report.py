"""A forecaster's results as tables and sentences, from metrics.json."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bilstm_nlp.errors import listed
from bilstm_nlp.reports.sections import Picture, Row, Section, Table, number

SERIES_SHOWN = 20
"""Rows of the table by series, at most."""
STEPS_SHOWN = 24
"""Rows of the table by step, at most."""


NO_TEST_PART = (
    "There is no test part. The validation part has chosen the epoch and the width of the intervals, so its figures "
    "are better than those on new data would be."
)


def sections(parts: Mapping[str, dict[str, Any]]) -> list[Section]:
    """Make a section of the results on each part, given by its name."""
    # Runs have a picture of their last part; an evaluation of another file has none.
    drawn = "test" if "test" in parts else "validation"
    return [
        _section(name, results, drawn=name == drawn, with_test="test" in parts or name != "validation")
        for name, results in parts.items()
    ]


def _section(name: str, results: dict[str, Any], *, drawn: bool, with_test: bool) -> Section:
    """Show all results on one part. `drawn`: there is a picture of its steps."""
    series = "1 series" if results["series"] == 1 else f"{results['series']:,} series"
    title = f"{name}: {results['source']}, {series}, {results['windows']:,} windows of {results['horizon']} steps ahead"
    if results.get("stride", 1) > 1:
        title += f", {results['stride']} rows apart"
    sentences = [_skill(results), *_shrunk(results), *_beside_methods(results), *_missing(results), *_off(results)]
    section = Section(title, [*sentences, *_tables(results), _leakage(results["leakage"])])
    if not with_test:
        section.parts.insert(0, NO_TEST_PART)
    if drawn:
        section.parts.append(Picture("plots/steps.png", "Error and coverage by step"))
    return section


def verdict(results: dict[str, Any], part: str) -> str | None:
    """Say that the model's errors on a part are larger than those of a forecast at no cost; `None` if they are not.

    The forecast repeats the last season, or the last value if there is no season. A model without errors never loses.
    A model that repeats the last value itself is said to do so.
    """
    if _repeats(results):
        return f"this model repeats the last value: its own forecasts were not clearly nearer on the {part} part"
    baselines = results["baselines"]
    name = "seasonal naive" if "seasonal naive" in baselines and results["season"] > 1 else "naive"
    repeated = _repeated(results["season"] if name == "seasonal naive" else 1)
    errors = [("mean absolute error", "mae"), ("mean squared error", "mse")]
    larger = [
        f"its {words} is {results[key]:.4g}, against {baselines[name][key]:.4g}"
        for words, key in errors
        if results[key] and results[key] >= baselines[name][key]
    ]
    return f"this model LOSES to {repeated} on the {part} part: {', and '.join(larger)}" if larger else None


def _repeated(rows: int) -> str:
    """Describe the forecast that repeats the last rows."""
    return f"repeating the last {rows} rows" if rows > 1 else "repeating the last value"


def _skill(results: dict[str, Any]) -> str:
    """Compare the mean squared error with that of repeating the last season."""
    value = results["skill"]
    if value is None:
        return (
            f"No skill can be given: the seasonal naive forecast needs {results['season']} rows before every origin, "
            "and an error that is not 0."
        )
    verdict = "better" if value > 0 else "WORSE"
    return (
        f"Skill {value:.3f}: the mean squared error is {abs(value):.1%} {verdict} than that of "
        f"{_repeated(results['season'])}."
    )


def _shrunk(results: dict[str, Any]) -> Iterator[str]:
    """Say how much of their departure from the last value the forecasts keep."""
    if "shrinkage" not in results:
        return
    share, of_start = (results["shrinkage"][key] for key in ("share", "share_of_start"))
    told = "as the validation part tells (head.shrinkage)"
    begun = "the last value"
    if led := results["shrinkage"].get("led"):
        begun += f" (of {', '.join(led)}: what the newest changes of all columns tell, input.leads)"
    if of_start:
        begun += f" and {of_start:.0%} of the departure of each window's own level and trend from it"
    if _repeats(results):
        yield f"Forecasts repeat the last value: the model's own were not clearly nearer, {told}."
    elif share == 0:
        yield f"Forecasts are {begun}: the model's own were not clearly nearer, {told}."
    elif share < 1:
        yield f"Forecasts are {share:.0%} the model's own, and for the rest {begun}, {told}."
    else:
        yield f"Forecasts are the model's own: they need no shrinkage towards the last value, {told}."


def _repeats(results: dict[str, Any]) -> bool:
    """Return True if the forecasts repeat the last value, as shrinkage has left nothing else."""
    shrinkage = results.get("shrinkage", {"share": 1.0})
    return bool(shrinkage["share"] == 0 and shrinkage["share_of_start"] == 0) and not shrinkage.get("led")


def _fitted(results: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the results of the baselines that were fitted at each origin: those with intervals."""
    return {name: scores for name, scores in results["baselines"].items() if "interval" in scores}


def _beside_methods(results: dict[str, Any]) -> Iterator[str]:
    """Compare the errors with those of methods of statistics, and say which of their forecasts were replaced."""
    for name, scores in _fitted(results).items():
        changes = []
        for title, key in (("squared", "mse"), ("absolute", "mae")):
            own, other = results[key], scores[key]
            if own is not None and other:
                changes.append(
                    f"the mean {title} error is {abs(1 - own / other):.1%} {'better' if own < other else 'WORSE'}"
                )
        if changes:
            yield f"Beside {name}, fitted at each origin, {' and '.join(changes)}."
        if scores["replaced"]:
            yield (
                f"{name} had no usable fit in {scores['replaced']:,} cases. The last season, or the last value, is "
                "repeated there."
            )


def _missing(results: dict[str, Any]) -> Iterator[str]:
    """Say how many values of the part were filled, and so have no score."""
    if results.get("missing"):  # absent in runs of version 0.1.0
        left_out = results["windows_left_out"]
        windows = f", and {left_out:,} windows are left out that have no other" if left_out else ""
        yield f"The file lacks {results['missing']:,} values of this part: they are not scored{windows}."


def _off(results: dict[str, Any]) -> Iterator[str]:
    """Name the series whose intervals cover too little or too much."""
    by_series = results["by_series"]
    off = [(name, scores["coverage"]) for name, scores in by_series.items() if scores.get("off")]
    if off:
        off.sort(key=lambda item: item[1])
        named = listed([f"{name} ({coverage:.0%})" for name, coverage in off])
        nominal = results["interval"]["nominal"]
        yield f"Coverage is off the nominal {nominal:.0%} in {len(off):,} of {len(by_series):,} series: {named}."


def _tables(results: dict[str, Any]) -> Iterator[Table]:
    """Yield the tables of one part: baselines, columns, series if there are several, steps."""
    forecasters = {"this model": results, **results["baselines"]}
    title = "In scaled units, beside the baselines on the same windows"
    if _fitted(results):
        header = (*SCALED_HEADER, f"coverage of {results['interval']['nominal']:.4g}", "width")
        yield Table(title, header, list(_rows_with_intervals(forecasters)))
    else:
        yield Table(title, SCALED_HEADER, list(_scaled_rows(forecasters)))
    yield Table("In the data's own units", OWN_HEADER, list(_own_rows(forecasters)))
    columns = results["by_column"]
    yield Table("By column, in scaled units", SCALED_HEADER, list(_scaled_rows(columns)))
    intervals: list[Row] = [
        (*row, number(column["coverage"], 3), _significant(column["own_units"]["width"]))
        for row, column in zip(_own_rows(columns), columns.values(), strict=True)
    ]
    yield Table("By column, in its own units", (*OWN_HEADER, "coverage", "width"), intervals)
    if results["series"] > 1:
        by_series = results["by_series"]
        worst = dict(sorted(by_series.items(), key=lambda item: -(item[1]["mse"] or 0))[:SERIES_SHOWN])
        title = "By series, in scaled units"
        if len(by_series) > SERIES_SHOWN:
            title += f", the {SERIES_SHOWN} worst of {len(by_series):,} (metrics.json has all)"
        rows: list[Row] = [
            (*row, number(scores.get("coverage"), 3), number(scores.get("width")))
            for row, scores in zip(_scaled_rows(worst), worst.values(), strict=True)
        ]
        yield Table(title, (*SCALED_HEADER, "coverage", "width"), rows)
    yield Table("By step ahead" + _thinned(results["by_step"]), STEP_HEADER, list(_step_rows(results)))


SCALED_HEADER = ("", "MSE", "MAE", "RMSE")
OWN_HEADER = ("", "MSE", "MAE", "RMSE", "sMAPE", "MASE")


def _scaled_rows(groups: Mapping[str, dict[str, Any]]) -> Iterator[Row]:
    for name, scores in groups.items():
        yield (name, *(number(scores[figure]) for figure in ("mse", "mae", "rmse")))


def _rows_with_intervals(groups: Mapping[str, dict[str, Any]]) -> Iterator[Row]:
    """Yield rows in scaled units with coverage and width, dashes for a forecaster without intervals."""
    for row, scores in zip(_scaled_rows(groups), groups.values(), strict=True):
        interval = scores.get("interval", {})
        yield (*row, number(interval.get("coverage"), 3), number(interval.get("width")))


def _own_rows(groups: Mapping[str, dict[str, Any]]) -> Iterator[Row]:
    for name, scores in groups.items():
        own = scores["own_units"]
        errors = (_significant(own[figure]) for figure in ("mse", "mae", "rmse"))
        yield (name, *errors, *(number(own[figure], 3) for figure in ("smape", "mase")))


def _significant(value: float | None) -> str:
    """Format a figure of any size to four digits; an undefined figure is a dash."""
    return "–" if value is None else f"{value:,.4g}"


# --- steps ---

STEP_HEADER = ("step", "MSE", "MAE", "nominal", "coverage", "width")


def _thinned(steps: Sequence[object]) -> str:
    """Say in the table's title that steps are left out."""
    return f", {STEPS_SHOWN} of {len(steps)} (metrics.json has all)" if len(steps) > STEPS_SHOWN else ""


def _step_rows(results: dict[str, Any]) -> Iterator[Row]:
    """Yield errors and coverage at each step, or at `STEPS_SHOWN` evenly spread steps, then over all steps."""
    steps = results["by_step"]
    count = min(len(steps), STEPS_SHOWN)
    chosen = [round(i * (len(steps) - 1) / max(count - 1, 1)) for i in range(count)]
    for index in chosen:
        step = steps[index]
        figures = (number(step[figure]) for figure in ("mse", "mae"))
        yield (str(index + 1), *figures, number(step["nominal"], 2), number(step["coverage"], 3), number(step["width"]))
    whole = results["interval"]
    total = (number(results["mse"]), number(results["mae"]))
    yield ("all", *total, number(whole["nominal"], 2), number(whole["coverage"], 3), number(whole["width"]))


def _leakage(change: float) -> str:
    """Say by how much the probe changed a forecast."""
    if change == 0:
        return "Leakage probe: a forecast does not move when all that comes after its origin is changed."
    return f"LEAKAGE: a forecast moves by {change:.3g} (scaled units) when what comes after its origin is changed."
