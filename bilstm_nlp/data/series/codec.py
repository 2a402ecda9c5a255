"""The forecasting codec, fitted to the training rows: scales, calendar and normalisation of windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bilstm_nlp.batch import Floats, Ints, Values, WindowBatch
from bilstm_nlp.data.series import fitting
from bilstm_nlp.data.series.calendar import Calendar, calendar_features
from bilstm_nlp.data.series.categories import Labels, divided
from bilstm_nlp.data.series.covariates import Remarks, StaticCodec, fit_categories, translated, unseen
from bilstm_nlp.data.series.effects import effects_of
from bilstm_nlp.data.series.leads import Leads, led
from bilstm_nlp.data.series.normalisation import Normalisation, Theta, WindowNormaliser
from bilstm_nlp.data.series.panel import Panel
from bilstm_nlp.data.series.recognition import Ends, Excerpt, excerpts
from bilstm_nlp.data.series.scale import Scale, ScalerKind
from bilstm_nlp.data.series.series import Columns, Parts, Series, SeriesSet
from bilstm_nlp.data.series.theta import FACTS
from bilstm_nlp.data.series.transform import Curve, TransformKind
from bilstm_nlp.data.series.windows import Windows
from bilstm_nlp.data.series.zones import zone_of


@dataclass(frozen=True, eq=False)
class SeriesCodec:
    """A codec between series and batches of windows."""

    columns: Columns
    calendar: Calendar
    normalisation: Normalisation
    look_back: int
    horizon: int
    frequency: str
    kind: ScalerKind
    scales: dict[str, Scale]
    """Series → scale of `columns.all`."""
    deviations: dict[str, Floats]
    """Series → (C,) standard deviation of its scaled training rows."""
    levels: tuple[float, ...] = ()
    """Nominal coverages that intervals are calibrated for; none in runs of version 0.1.0."""
    ends: dict[str, Ends] = field(default_factory=dict)
    """Series → last dates of its parts; none in runs of version 0.1.0."""
    excerpts: tuple[Excerpt, ...] = ()
    """Rows by which the only series of a training is recognised under another name; none if there were several."""
    timezone: str | None = None
    """Time zone of the dates; empty for dates without one, `None` in runs of version 0.1.0."""
    transform: TransformKind = "none"
    curves: dict[str, Curve] = field(default_factory=dict)
    """Series → curve of its targets; none without `log1p` or `box-cox`."""
    lower: float | None = None
    """Least value of a target in own units."""
    theta: Theta | None = None
    """The season and the damping of the normalisation `theta`."""
    min_past: int | None = None
    """Least number of rows before an origin; `None` for the look-back."""
    encoder_rows: int | None = None
    """Number of the newest rows that the encoder reads; `None` for the look-back."""
    categories: dict[str, Labels] = field(default_factory=dict)
    """Column of categories → its labels in the training rows."""
    static: StaticCodec | None = None
    """The static columns; `None` if there are none."""
    effects: Floats | None = None
    """(K, C) effects of numeric columns known ahead on scaled targets; `None` if they are not subtracted."""
    leads: Leads | None = None
    """What changes of all columns tell about the targets; `None` if no target is led by them."""
    said: set[str] = field(default_factory=set)
    """Names of strange series, and remarks on covariates, that warnings have given."""

    @classmethod
    def fit(
        cls,
        data: SeriesSet,
        parts: Sequence[Parts],
        columns: Columns,
        *,
        calendar: Calendar,
        normalisation: Normalisation,
        scaler: ScalerKind,
        look_back: int,
        horizon: int,
        levels: tuple[float, ...],
        transform: TransformKind,
        lower: float | None,
        theta: Theta | None = None,
        min_past: int | None = None,
        encoder_rows: int | None = None,
        linear_effects: bool = False,
    ) -> SeriesCodec:
        """Fit the scales to the observed training rows.

        Each series has scales of its own, except for columns known ahead: their scale is that of all series together,
        as a price means the same everywhere. Columns of 0 and 1 alone stay as they are.
        """
        fitting.check_values(data.series, columns.targets, lower)
        training = [series[part.train] for series, part in zip(data.series, parts, strict=True)]
        curves = fitting.curves_of(transform, training, columns.targets)
        fitting.check_curves(data.series, columns.targets, curves)
        scales, deviations = fitting.fit_scales(scaler, transform, training, columns, curves)
        categories = fit_categories(training, columns)
        static = StaticCodec.fit(scaler, training, columns, categories) if columns.static else None
        columns = replace(columns, idle=fitting.idle_columns(training, columns))
        return cls(
            columns=columns,
            calendar=calendar,
            normalisation=normalisation,
            look_back=look_back,
            horizon=horizon,
            frequency=data.frequency,
            kind=scaler,
            scales=scales,
            deviations=deviations,
            levels=levels,
            ends={series.id: Ends.of(series, part) for series, part in zip(data.series, parts, strict=True)},
            excerpts=excerpts(training[0], columns.targets, look_back) if len(training) == 1 else (),
            timezone=zone_of(data.series[0].dates),
            transform=transform,
            curves=curves,
            lower=lower,
            theta=theta,
            min_past=min_past,
            encoder_rows=encoder_rows,
            categories=categories,
            static=static,
            effects=fitting.fitted_effects(training, columns, curves, scales) if linear_effects else None,
        )

    # --- series to windows ---

    @property
    def known(self) -> int:
        """K: number of numeric columns known ahead, with those of the calendar."""
        read = self.columns.read
        return len(read.known) - len(read.coded) + int(self.features(pd.DatetimeIndex([])).shape[1])

    @property
    def inputs(self) -> int:
        """F: number of numeric columns in a window's past, with the mask of padded rows."""
        return len(self.columns.targets) + len(self.columns.observed) + self.known + self.is_padded

    @property
    def facts(self) -> int:
        """P: number of numeric facts of each target's window."""
        of_window = FACTS if self.normalisation == "theta" else 0
        return of_window + (0 if self.static is None else 2 * len(self.static.numbers))

    @property
    def known_labels(self) -> list[int]:
        """Number of labels of each known column of categories."""
        return [len(self.categories[name]) for name in self.columns.read.coded]

    @property
    def static_labels(self) -> list[int]:
        """Number of labels of each static column of categories."""
        return [] if self.static is None else [len(labels) for labels in self.static.categories.values()]

    @property
    def is_padded(self) -> bool:
        """True if windows may have fewer rows than the look-back."""
        return self.min_past is not None and self.min_past < self.look_back

    def features(self, dates: pd.Index) -> Floats:
        """Compute the calendar's features (T, …) of T dates."""
        if self.calendar == "none":
            return np.empty((len(dates), 0))
        return calendar_features(dates, self.frequency, self.calendar)[0]

    def trained_as(self, series: Series) -> str | None:
        """Return the training's name of a series; `None` if it was not in training.

        A series goes by its name. The only series of a training is recognised under other names by its training rows.
        """
        if series.id in self.scales:
            return series.id
        if any(excerpt.is_in(series, self.columns.targets) for excerpt in self.excerpts):
            return next(iter(self.scales))
        return None

    def deviation(self, series: Series) -> Floats:
        """Return the deviation (C,) of a series' training rows: the mean of all series for one not in training."""
        if (name := self.trained_as(series)) is not None:
            return self.deviations[name]
        mean: Floats = np.mean(list(self.deviations.values()), axis=0)
        return mean

    def panel(self, series: Sequence[Series]) -> Panel:
        """Stack all series with the calendar's features.

        A series of the training has its training's scale. A series that was not in training is scaled, at each
        origin, by the rows before it; a warning names it.
        """
        fitting.check_values(series, self.columns.targets, self.lower)
        blocks, scales, unknown, curves, facts = [], [], [], [], []
        remarks, read = Remarks(self.said), self.columns.read
        coded, names = read.coded, self.columns.all
        numbers = [names.index(name) for name in read.all if name not in coded]
        kept = [*numbers, *map(names.index, coded)]
        for each in series:
            name = self.trained_as(each)
            curve = Curve.of(self.curves, name)
            if curve is not None:
                curve.check(each, self.columns.targets)
                curves.append(curve)
            values = fitting.transformed(each, names, len(read.targets), curve)
            features = self.features(each.dates)
            codes = translated(values[:, kept[len(numbers) :]], each, coded, self.categories)
            blocks.append(np.concatenate([values[:, numbers], features, codes], axis=1))
            remarks.add(unseen(each, coded, self.categories))
            if self.static is not None:
                facts.append(self.static.facts(each, name, len(self.columns.targets)))
                remarks.add(self.static.remarks(each, name))
            if name is None:
                unknown.append(each.id)
                scale = Scale.expanding(self.kind, values, each.observed_of(names))
                scale = scale.with_last(fitting.known_scale(self.scales, self.columns))
            else:
                scale = self.scales[name]
            scales.append(scale.select(kept).with_unscaled(features.shape[1]))
        fitting.warn_of_unknown(unknown, self.said)
        remarks.warn()
        observed = [each.observed_of((*self.columns.targets, *self.columns.observed)) for each in series]
        return Panel.stack(
            blocks,
            len(self.columns.targets),
            self.known + len(coded),
            scales=scales,
            curves=curves or None,
            lower=self.lower,
            ratio=self.transform == "ratio",
            observed=None if all(block.all() for block in observed) else observed,
            facts=facts or None,
        )

    def windows(
        self, series: Sequence[Series], parts: Sequence[slice], stride: int = 1, min_future: int | None = None
    ) -> Windows:
        """Make the windows of one part of each series, of whose targets the last may lie beyond the part.

        `min_future`: the least number of targets in the part, by default all.
        Raises `InputError` if there is no window.
        """
        return Windows.over(self.panel(series), parts, self.look_back, self.horizon, stride, self.min_past, min_future)

    def windows_at(self, series: Sequence[Series], origins: Sequence[Ints]) -> Windows:
        """Make the windows with these origins (N,) of each series, in this order.

        Raises `InputError` if an origin lacks rows of its look-back or its horizon.
        """
        return Windows.at(self.panel(series), origins, self.look_back, self.horizon, self.min_past)

    def collate(
        self,
        past: Values,
        known: Values,
        facts: Values | None,
        future: Values | None = None,
        sign: Values | None = None,
    ) -> WindowBatch[NDArray[Any]]:
        """(B, L, F) past, (B, H, K) known ahead, (B, C, P) facts, (B, H, C) future → a batch

        Past, known and facts end with codes of categories. Each window is normalised by itself, without the effects of
        columns known ahead. `sign`: (B, 1, 1), −1 for a window whose targets are negated.
        """
        width = len(self.columns.targets)
        past, past_codes = divided(past, len(self.known_labels))
        known, known_codes = divided(known, len(self.known_labels))
        facts, static_codes = (None, None) if facts is None else divided(facts, len(self.static_labels))
        behind, ahead = effects_of(self.effects, past[..., width + len(self.columns.observed) :], known, sign)
        targets = (past[..., :width] - behind).astype(np.float32)
        values = WindowNormaliser(self.normalisation, self.horizon, self.theta)(targets)
        added = led(self.leads, targets, past[..., width : width + len(self.columns.observed)], sign)
        others = np.nan_to_num(past[..., width:].astype(np.float32))
        mask = np.any(~np.isnan(past[..., :width]), axis=2, keepdims=True).astype(np.float32)
        read = np.concatenate([values.past, others, *([mask] if self.is_padded else [])], axis=2)
        newest = slice(-(self.encoder_rows or self.look_back), None)
        numbers = [block for block in (values.facts, facts) if block is not None and block.shape[2]]
        return WindowBatch(
            np.ascontiguousarray(read[:, newest]),
            values.level + ahead + added,
            values.scale,
            known,
            future,
            np.concatenate(numbers, axis=2) if numbers else None,
            None if past_codes is None else past_codes[:, newest],
            known_codes,
            static_codes,
        )

    def batch(self, windows: Windows, numbers: Ints) -> WindowBatch[NDArray[Any]]:
        """Make a batch of the windows with these numbers, in this order."""
        arrays = windows.gather(numbers)
        return self.collate(arrays.past, arrays.known, arrays.facts, arrays.future)
