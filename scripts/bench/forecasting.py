"""Training the ETTh1 forecaster beside a bare LSTM of the same sizes on the same batches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bilstm_nlp.config import parse
from bilstm_nlp.config.forecasting import ForecastingConfig
from bilstm_nlp.config.reading import read_toml
from bilstm_nlp.tasks.registry import forecasting
from bilstm_nlp.tasks.trainer import settings

from .measuring import Figure, Target, interleaved, ratios, timed
from .report import ROOT, Report
from .training import BareLstm, First, epochs, parts_of_a_step, shapes_of

CONFIG = "configs/forecasting/etth1-96.toml"
STATES = 128
"""Size of each direction and of a patch's projection, as in the config when docs/performance.md was measured."""


def measure(series: Path | None, *, steps: int, rounds: int) -> Report:
    """Measure the ratio, windows a second, and the parts of a training step."""
    config = config_of(series, epochs=rounds + 1)
    prepared = forecasting(config).prepare()
    model = prepared.model

    batches = First(prepared.batches(1), steps)
    real = epochs(model, batches, settings(config))
    floor = BareLstm(config.encoder, shapes_of(model, batches))
    next(real)  # warm
    train = interleaved({"ours": real.__next__, "floor": timed(floor.forward_and_backward)}, rounds)

    windows = sum(map(len, batches))
    sizes = " × ".join(map(str, floor.inputs[0].shape))
    return Report(
        figures={
            "train_ratio_to_floor": Figure(ratios(train["floor"], train["ours"]), "×", Target(0.90, 0.95)),
            "train_speed": Figure([windows / seconds for seconds in train["ours"]], "windows/s"),
            "train_floor_speed": Figure([windows / seconds for seconds in train["floor"]], "windows/s"),
        },
        tables={"step": parts_of_a_step(model, batches, settings(config))},
        notes=(
            *(() if series else ("no --series: the sample series, which has fewer columns and rows than ETTh1",)),
            f"training: {len(batches)} batches, {windows} windows, as `fit` times them; floor: forward and backward of "
            f"torch.nn.LSTM of the same layers, sizes and directions on tensors of {sizes}, their sum as the loss",
            "step: measured apart from the ratio, by hooks in the same loop; the figures are means",
        ),
    )


def config_of(series: Path | None, *, epochs: int) -> ForecastingConfig:
    """Return the shipped config on this file, or on the sample series, on the CPU, with `STATES`.

    It is compared with an LSTM alone, so it has no bypass of the encoder and no averaged weights.
    """
    values: dict[str, Any] = read_toml(ROOT / CONFIG)
    values["encoder"]["hidden"] = values["input"]["reader"]["size"] = STATES
    values["head"]["bypass"] = {"kind": "none"}
    del values["training"]["average"]
    values["data"]["file"] = str(series or "sample:energy.csv")
    if series is None:
        del values["data"]["split"]  # it counts the rows of ETTh1
    values["training"] |= {"epochs": epochs, "device": "cpu"}
    config = parse(values, CONFIG)
    assert isinstance(config, ForecastingConfig)
    return config
