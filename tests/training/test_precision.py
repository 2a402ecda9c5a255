"""`training.device` and `training.precision`: the device and the numbers that a training really uses."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from bilstm_nlp.config import load, parse
from bilstm_nlp.errors import ConfigError, InputError
from bilstm_nlp.runs.train import train_epochs
from bilstm_nlp.tasks.registry import build
from bilstm_nlp.tasks.trainer import settings
from bilstm_nlp.training.distributed import computes_in_bf16, device_of
from bilstm_nlp.training.loop import fit
from bilstm_nlp.training.state import Paused
from tests.samples import FORECASTER

needs_bf16 = pytest.mark.skipif(not computes_in_bf16(), reason="needs a processor with instructions for bfloat16")

CORPUS = "Ann B-PER\nLee I-PER\nleft O\n\nthe O\nEU B-ORG\nsaid O\n\n"


def tagger(folder, precision: str):
    (folder / "x.conll").write_text(CORPUS * 12)
    return parse(
        {
            "data": {"train": str(folder / "x.conll"), "dev": str(folder / "x.conll")},
            "embeddings": {"dimension": 6, "characters": {"kind": "cnn", "embedding": 4, "filters": 5, "width": 3}},
            "encoder": {"hidden": 8},
            "attention": {"kind": "multi-head", "heads": 2},
            "training": {"epochs": 4, "batch_tokens": 40, "precision": precision, "device": "cpu"},
        },
        "a test",
    )


def forecaster(folder, precision: str):
    days = np.datetime64("2024-01-01T00") + np.arange(200)
    (folder / "a.csv").write_text("date,a\n" + "".join(f"{day},{np.sin(i / 4)}\n" for i, day in enumerate(days)))
    return parse(
        {
            "task": "forecasting",
            "data": {"file": str(folder / "a.csv"), "look_back": 24, "horizon": 3},
            "encoder": {"hidden": 8, "cell": "gru"},
            "training": {"epochs": 4, "batch_size": 16, "precision": precision, "device": "cpu"},
        },
        "a test",
    )


@needs_bf16
@pytest.mark.parametrize("make", [tagger, forecaster])
def test_bf16_scores_are_near_those_of_fp32(make, tmp_path):
    reports = {}
    for precision in ("fp32", "bf16"):
        config = make(tmp_path, precision)
        prepared = build(config).prepare()
        reports[precision] = [
            epoch.report for epoch in fit(prepared.model, prepared.batches, prepared.scorer(), settings(config))
        ]
        assert all(parameter.dtype == torch.float32 for parameter in prepared.model.parameters())
    assert np.isfinite([report.loss for report in reports["bf16"]]).all()
    assert reports["bf16"][0].loss == pytest.approx(reports["fp32"][0].loss, rel=0.02)
    assert reports["bf16"][-1].score.value == pytest.approx(reports["fp32"][-1].score.value, abs=0.1)
    assert reports["bf16"][0].loss != reports["fp32"][0].loss


@pytest.mark.parametrize(
    ("precision", "expected"),
    [("fp32", torch.float32), pytest.param("bf16", torch.bfloat16, marks=needs_bf16)],
)
def test_matrices_are_multiplied_in_the_configured_precision(precision, expected, tmp_path):
    config = tagger(tmp_path, precision)
    prepared = build(config).prepare()
    dtypes = {"training": set(), "scoring": set(), "head": set()}

    def note(module: nn.Module, inputs: object, output: torch.Tensor) -> None:
        dtypes["training" if module.training else "scoring"].add(output.dtype)

    prepared.model.encoder.register_forward_hook(note)
    prepared.model.head.projection.register_forward_hook(lambda *args: dtypes["head"].add(args[2].dtype))
    next(fit(prepared.model, prepared.batches, prepared.scorer(), settings(config)))
    assert dtypes == {"training": {expected}, "scoring": {torch.float32}, "head": {torch.float32}}


@needs_bf16
def test_embedder_is_fp32_in_each_precision(tmp_path):
    embedded = {}
    for precision in ("fp32", "bf16"):
        config = tagger(tmp_path, precision)
        prepared = build(config).prepare()
        read = embedded[precision] = []
        prepared.model.embedder.register_forward_hook(lambda module, batch, out, read=read: read.append(out.inputs))
        next(fit(prepared.model, prepared.batches, prepared.scorer(), settings(config)))
    assert torch.equal(embedded["bf16"][0], embedded["fp32"][0])
    assert not torch.equal(embedded["bf16"][1], embedded["fp32"][1])  # after a step


@needs_bf16
def test_bf16_training_resumes_in_the_same_bits(tmp_path):
    config = tagger(tmp_path, "bf16")

    def training(state=None, stopping=lambda: False):
        prepared = build(config).prepare()
        return fit(prepared.model, prepared.batches, prepared.scorer(), settings(config), state, stopping)

    *_, whole = training()
    asked = iter(range(1000))
    with pytest.raises(Paused) as paused:
        list(training(stopping=lambda: next(asked) >= 7))
    *_, resumed = training(paused.value.state)
    for name, value in whole.state.tensors.items():
        assert torch.equal(value, resumed.state.tensors[name]), name


@pytest.mark.parametrize("setting", ["cuda:99", "cuda:1000"])
def test_missing_device_is_one_line_before_training(setting, tmp_path):
    config = load(FORECASTER, [f"training.device={setting}"])
    with pytest.raises(InputError, match=rf"^training\.device: expected one of auto, cpu.*, found {setting}$"):
        next(train_epochs(config, tmp_path / "run"))
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_bf16_without_its_instructions_is_one_line_before_training(tmp_path):
    arguments = ["train", FORECASTER, "--set", "training.precision=bf16", "--set", "training.device=cpu"]
    ended = subprocess.run(
        [sys.executable, "-m", "bilstm_nlp", *arguments, "--out", tmp_path / "run"],
        env={**os.environ, "ONEDNN_MAX_CPU_ISA": "AVX2"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("bilstm-nlp: training.precision: expected fp32 on this processor")
    assert ended.stderr.count("\n") == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("setting", ["mps", "gpu", "cuda:", "cuda:-1", "cuda:٣", "CPU", 0])
def test_device_that_is_no_name_is_a_config_error(setting):
    override = f"training.device={setting!r}" if isinstance(setting, str) else f"training.device={setting}"
    with pytest.raises(ConfigError, match=r"training\.device: expected "):
        load(FORECASTER, [override])


def test_auto_never_takes_mps(monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device_of("auto") == torch.device("cpu")


def test_numbered_gpu_is_refused_for_several_processes(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert device_of("cuda:1") == torch.device("cuda", 1)
    assert device_of("auto") == torch.device("cuda")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(InputError, match=r"^training\.device: expected cuda for 2 processes, .* found cuda:1$"):
        device_of("cuda:1")
