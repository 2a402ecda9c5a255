"""The forecasting task: series in, scores out. Knows no torch before a training is prepared."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from bilstm_nlp.config.forecasting import ForecastingConfig
from bilstm_nlp.data.series.codec import SeriesCodec
from bilstm_nlp.data.series.method_forecasts import Methods
from bilstm_nlp.data.series.series import SeriesSet
from bilstm_nlp.data.series.statistical import check_installed
from bilstm_nlp.errors import InputError
from bilstm_nlp.reports.sections import Section
from bilstm_nlp.tasks.base import Predictor
from bilstm_nlp.tasks.forecasting import report, requirements
from bilstm_nlp.tasks.forecasting.data import SeriesLoader, SeriesParts, table_format
from bilstm_nlp.tasks.forecasting.ensemble import Ensemble
from bilstm_nlp.tasks.forecasting.inputs import STATIC, Inputs
from bilstm_nlp.tasks.forecasting.inspection import SeriesInspection, inspect_series
from bilstm_nlp.tasks.forecasting.predictor import Forecaster
from bilstm_nlp.tasks.forecasting.scoring import Scoring
from bilstm_nlp.tasks.request import ErrorsPage

if TYPE_CHECKING:
    from bilstm_nlp.tasks.forecasting.prepared import PreparedForecasting


class ForecastingTask:
    """The forecasting task: numbers over time, and the numbers that follow."""

    def __init__(self, config: ForecastingConfig) -> None:
        self.config = config
        self.format = table_format(config)
        self.loader = SeriesLoader(config.data, self.format)

    def prepare(self, trained: Predictor | None = None) -> PreparedForecasting:
        """Read the series, seed, fit the scalers and make the model; or take those of a trained forecaster."""
        from bilstm_nlp.tasks.forecasting import preparing

        data = self.loader.load()
        if trained is not None:
            assert isinstance(trained, Forecaster)
            return preparing.trained(self.config, data, trained)
        return preparing.fitted(self.config, data)

    def prepare_from(self, parent: Predictor) -> PreparedForecasting:
        """Raise `InputError`: a forecaster's training starts from random weights."""
        raise InputError("training.parent: expected the config of a tagger, found a forecaster's")

    def prepare_without_test(self, series_set: SeriesSet) -> PreparedForecasting:
        """Prepare a training on all rows of series that were read before; the last rows are the validation part."""
        from bilstm_nlp.tasks.forecasting import preparing

        return preparing.fitted(self.config, self.loader.without_test(series_set))

    def inspect(self, path: str | None = None) -> SeriesInspection:
        """Describe the config's file, or another file that is read in the same way."""
        data = self.config.data
        return inspect_series(
            path or data.file,
            self.format,
            self.loader.parts_of_each,
            partial(requirements.judged, self.config, self.loader),
            look_back=data.least_past,
            horizon=data.horizon,
            validation_of_all=data.validation_series == 1,
        )

    def evaluate(
        self,
        trained: Predictor,
        source: str | None,
        errors: ErrorsPage | None = None,
        methods: Methods | None = None,
        stride: int = 1,
        static: str | None = None,
    ) -> dict[str, Any]:
        """Score a forecaster on the test part of the config's file, or on every window of another file.

        Without a test part, the validation part is scored, and a warning says so. `methods` of statistics are scored
        beside it, by default those of the config. `stride`: rows from one origin to the next.
        `static`: a file with static columns of the other file's series.
        Raises `InputError` if `errors` is given: there is no such page.
        """
        if errors is not None:
            raise InputError("--errors: not for a forecaster")
        assert isinstance(trained, Forecaster)
        self._check_installed(methods)
        data = self._data(self.loader, trained.codec, trained.inputs, source, static)
        scoring = Scoring(self.config, data, trained.tables.windows, trained.baselines(), methods, stride)
        return scoring.last_results() if source is None else scoring.results("test")

    def evaluate_part(self, trained: Predictor, part: str) -> dict[str, Any]:
        """Score a forecaster on a part of the config's file."""
        assert isinstance(trained, Forecaster)
        return Scoring(self.config, self.loader.load(), trained.tables.windows, trained.baselines()).results(part)

    def _data(
        self, loader: SeriesLoader, codec: SeriesCodec, inputs: Inputs, source: str | None, static: str | None
    ) -> SeriesParts:
        """Read the config's file, or another file whose series are not divided.

        Raises `InputError` for static columns beside the config's file.
        """
        if source is not None:
            return loader.whole(inputs.past(source, static), codec)
        if static is not None:
            raise InputError(f"{STATIC}: expected --data beside it, found none")
        return loader.load()

    def _check_installed(self, methods: Methods | None) -> None:
        """Raise `InputError` if there are methods, or the config has some, and their package is not installed."""
        check_installed(self.config.baselines if methods is None else methods.names)

    def evaluate_ensemble(
        self,
        ensemble: Ensemble,
        source: str | None,
        methods: Methods | None = None,
        stride: int = 1,
        static: str | None = None,
    ) -> dict[str, Any]:
        """Score an ensemble, whose first member has this config, as `evaluate` scores a forecaster."""
        self._check_installed(methods)
        loader = SeriesLoader(self.config.data, self.format.with_columns(ensemble.inputs.columns))
        data = self._data(loader, ensemble.codec, ensemble.inputs, source, static)
        scoring = Scoring(self.config, data, ensemble.windows, ensemble.first.baselines(), methods, stride)
        return scoring.last_results() if source is None else scoring.results("test")

    def report(self, parts: Mapping[str, dict[str, Any]]) -> list[Section]:
        """Turn the results on each part into a section."""
        return report.sections(parts)
