"""All that a forecaster learns before training, as its files have it."""

from __future__ import annotations

import json
from pathlib import Path

from safetensors.numpy import load_file

from bilstm_nlp.data.series.baselines import Baselines
from bilstm_nlp.data.series.codec_file import codec_of
from bilstm_nlp.system.json_values import json_text
from bilstm_nlp.tasks.forecasting.codec import ForecastingCodec

SAVED = Path(__file__).parent.parent.parent / "runs" / "0.1.0" / "forecaster"


def test_codec_files_of_an_old_run_are_written_again():
    text = (SAVED / "codec.json").read_text(encoding="utf-8")
    arrays = load_file(SAVED / "codec.safetensors")
    series = codec_of(json.loads(text))
    codec = ForecastingCodec(series, Baselines.from_json(json.loads(text), arrays, series))
    assert json_text(codec.to_json()) == text
    assert codec.tensors().keys() == arrays.keys()
    assert all(codec.tensors()[name].tobytes() == array.tobytes() for name, array in arrays.items())
