"""Windows with a forecaster's forecasts, which a run stores and a comparison shows. Knows no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from bilstm_nlp.config.sections import Section
from bilstm_nlp.reports.sections import Table, number
from bilstm_nlp.tasks.comparison import StoredArrays, View


class _Fields(Section):
    """The examples' own keys of trial.json: series, origin and column of each example."""

    windows: Annotated[list[tuple[str, str, str]], Field(min_length=1)]


@dataclass(frozen=True)
class WindowDisagreement:
    """A column of a window that variants forecast with different errors, in standard deviations."""

    series: str
    origin: str
    column: str
    past: Sequence[float]
    actual: Sequence[float]
    forecasts: Mapping[str, Sequence[float]]
    """By variant."""
    errors: Mapping[str, float]
    """By variant."""

    @classmethod
    def tables(cls, disagreements: Sequence[Self], measure: str) -> list[Table]:
        """Return one table of all windows' errors."""
        return [
            Table(
                f"{measure} of one column of a window",
                ("series", "from", "column", *disagreements[0].errors),
                [
                    (window.series, window.origin, window.column, *map(number, window.errors.values()))
                    for window in disagreements
                ],
            )
        ]


@dataclass(frozen=True, eq=False)
class WindowExamples:
    """E examples, each one column of a window, in standard deviations of the whole training part."""

    series: Sequence[str]
    origins: Sequence[str]
    """When the first of the H steps ahead is."""
    columns: Sequence[str]
    past: NDArray[np.floating[Any]]
    """(E, L) look-back."""
    actual: NDArray[np.floating[Any]]
    """(E, H)"""
    forecast: NDArray[np.floating[Any]]
    """(E, H)"""
    errors: Mapping[str, NDArray[np.float64]]
    """(E,) means over the H steps, by measure: squared errors for mse, absolute errors for mae."""

    @classmethod
    def read(cls, fields: bytes, arrays: StoredArrays, measure: str) -> Self:
        """Read windows, with their errors by one measure.

        Raises pydantic's `ValidationError` for other fields and `RunError` for other arrays.
        """
        windows = _Fields.model_validate_json(fields, strict=True).windows
        series, origins, columns = zip(*windows, strict=True)
        past = arrays.get("past", np.float16, len(windows), None)
        actual = arrays.get("actual", np.float16, len(windows), None)
        return cls(
            series=series,
            origins=origins,
            columns=columns,
            past=past,
            actual=actual,
            forecast=arrays.get("forecast", np.float16, *actual.shape),
            errors={measure: arrays.amounts(f"{measure}.example", len(windows))},
        )

    @classmethod
    def view(cls) -> View:
        web = files("bilstm_nlp.tasks.forecasting") / "web"
        script, style = (web / f"disagreements.{kind}" for kind in ("js", "css"))
        return View(script.read_text(encoding="utf-8"), style.read_text(encoding="utf-8"))

    @property
    def units(self) -> list[tuple[str, str, str]]:
        return list(zip(self.series, self.origins, self.columns, strict=True))

    def fields(self) -> dict[str, Any]:
        return {"windows": self.units}

    def arrays(self) -> dict[str, NDArray[Any]]:
        # Three digits are enough for numbers that are only drawn.
        drawn = {name: getattr(self, name).astype(np.float16) for name in ("past", "actual", "forecast")}
        return drawn | {f"{name}.example": errors for name, errors in self.errors.items()}

    @classmethod
    def disagreements(cls, examples: Mapping[str, Self], measure: str, limit: int) -> list[WindowDisagreement]:
        """Return windows with different errors, the largest range from the best to the worst error first."""
        first = next(iter(examples.values()))
        ranges = np.ptp([windows.errors[measure] for windows in examples.values()], axis=0)
        order = np.argsort(-ranges, kind="stable")[:limit]
        return [
            WindowDisagreement(
                series=first.series[index],
                origin=first.origins[index],
                column=first.columns[index],
                past=first.past[index].tolist(),
                actual=first.actual[index].tolist(),
                forecasts={variant: windows.forecast[index].tolist() for variant, windows in examples.items()},
                errors={variant: float(windows.errors[measure][index]) for variant, windows in examples.items()},
            )
            for index in order.tolist()
            if ranges[index] > 0
        ]
