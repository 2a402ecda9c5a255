"""A forecaster's results as tables and sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bilstm_nlp.reports.sections import Picture, Row, Section, Table, number

SERIES_SHOWN = 20
STEPS_SHOWN = 24


def sections(parts: Mapping[str, dict[str, Any]]) -> list[Section]:
    """Name of a part of the data → results on it."""
    return [section(name, results) for name, results in parts.items()]


def section(name: str, results: dict[str, Any]) -> Section:
    """Everything that an evaluation on one part says."""
    series = "1 series" if results["series"] == 1 else f"{results['series']:,} series"
    title = f"{name}: {results['source']}, {series}, {results['windows']:,} windows of {results['horizon']} steps ahead"
    section = Section(title, [skill(results), *tables(results), leakage(results["leakage"])])
    if name == "test":
        section.parts.append(Picture("plots/steps.png", "Error and coverage by step"))
    return section


def skill(results: dict[str, Any]) -> str:
    """What the forecasts are worth beside repeating the last season."""
    value = results["skill"]
    if value is None:
        return (
            f"No skill can be given: the seasonal naive forecast needs {results['season']} rows before every origin, "
            "and an error that is not 0."
        )
    found = "better" if value > 0 else "WORSE"
    return (
        f"Skill {value:.3f}: the mean squared error is {abs(value):.1%} {found} than that of repeating the last "
        f"{results['season']} rows."
    )


def tables(results: dict[str, Any]) -> Iterator[Table]:
    rivals = {"this model": results, **results["baselines"]}
    yield Table("In scaled units, beside the baselines on the same windows", SCALED_HEADER, list(scaled_rows(rivals)))
    yield Table("In the data's own units", OWN_HEADER, list(own_rows(rivals)))
    columns = results["by_column"]
    yield Table("By column, in scaled units", SCALED_HEADER, list(scaled_rows(columns)))
    intervals: list[Row] = [
        (*row, number(found["coverage"], 3), significant(found["own_units"]["width"]))
        for row, found in zip(own_rows(columns), columns.values(), strict=True)
    ]
    yield Table("By column, in its own units", (*OWN_HEADER, "coverage", "width"), intervals)
    if results["series"] > 1:
        found = results["by_series"]
        worst = dict(sorted(found.items(), key=lambda item: -(item[1]["mse"] or 0))[:SERIES_SHOWN])
        more = f", the {SERIES_SHOWN} worst of {len(found):,} (metrics.json has all)"
        title = "By series, in scaled units" + more * (len(found) > SERIES_SHOWN)
        yield Table(title, SCALED_HEADER, list(scaled_rows(worst)))
    yield Table("By step ahead" + thinned(results["by_step"]), STEP_HEADER, list(step_rows(results)))


SCALED_HEADER = ("", "MSE", "MAE", "RMSE")
OWN_HEADER = ("", "MSE", "MAE", "RMSE", "sMAPE", "MASE")


def scaled_rows(groups: Mapping[str, dict[str, Any]]) -> Iterator[Row]:
    for name, found in groups.items():
        yield (name, *(number(found[figure]) for figure in ("mse", "mae", "rmse")))


def own_rows(groups: Mapping[str, dict[str, Any]]) -> Iterator[Row]:
    for name, found in groups.items():
        own = found["own_units"]
        errors = (significant(own[figure]) for figure in ("mse", "mae", "rmse"))
        yield (name, *errors, *(number(own[figure], 3) for figure in ("smape", "mase")))


def significant(value: float | None) -> str:
    """A figure of any size; what is undefined is a dash."""
    return "–" if value is None else f"{value:,.4g}"


# --- steps ---

STEP_HEADER = ("step", "MSE", "MAE", "nominal", "coverage", "width")


def thinned(steps: Sequence[object]) -> str:
    return f", {STEPS_SHOWN} of {len(steps)} (metrics.json has all)" if len(steps) > STEPS_SHOWN else ""


def step_rows(results: dict[str, Any]) -> Iterator[Row]:
    """The intervals' coverage and the errors at each step, evenly thinned where there are many."""
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


def leakage(moved: float) -> str:
    """What the probe found."""
    if moved == 0:
        return "Leakage probe: a forecast does not move when all that comes after its origin is changed."
    return f"LEAKAGE: a forecast moves by {moved:.3g} (scaled units) when what comes after its origin is changed."
