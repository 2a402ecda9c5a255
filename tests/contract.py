"""The parts of the contract of models that all tasks have: gradients, learning, and a way to disk and back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from bilstm_nlp.nn.tensors import on
from bilstm_nlp.runs.directory import RunDirectory
from bilstm_nlp.runs.tensors import load_weights, write_tensors
from bilstm_nlp.tasks.base import Codec, Prepared
from bilstm_nlp.tasks.registry import restored


def model_of(predictor: Any) -> nn.Module:
    """Return the model of torch that a run's predictor computes with."""
    model: nn.Module = getattr(predictor, "network", predictor).model
    return model


def check_gradients(prepared: Prepared, idle: Callable[[str], bool] = lambda name: False) -> None:
    """Check that every parameter gets a finite gradient in an epoch, and one that is not 0 unless it is idle."""
    model = prepared.model.train()
    for batch in prepared.batches(1):
        loss = model(on(batch))
        (loss.total / loss.weight).backward()
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None, name
            assert torch.isfinite(parameter.grad).all(), name
            assert idle(name) or parameter.grad.abs().sum() > 0, name


def reads_last_state(config: Any) -> Callable[[str], bool]:
    """Tell which parameters are idle: if the last state alone is read, the backward direction has made one step."""
    last = config.head.pooling == "last" and config.attention.kind == "none"
    return lambda name: last and "directions.1.weight_hh" in name


def check_learning(model: nn.Module, whole: Any, factor: float) -> None:
    """Check that at most 30 steps on a batch bring the loss below a fraction of what it was."""
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=0.02)
    model.eval()
    losses = []
    for _ in range(30):
        loss = model(whole)
        losses.append(float(loss.total.detach() / loss.weight))
        if losses[-1] < factor * losses[0]:
            break
        optimizer.zero_grad()
        (loss.total / loss.weight).backward()
        optimizer.step()
    assert losses[-1] < factor * losses[0]


def saved_and_restored(config: Any, codec: Codec, model: nn.Module, folder: Path) -> Any:
    """Return the predictor of a run with this codec and these weights, read from disk."""
    directory = RunDirectory.create(folder / "run")
    directory.write_json("codec.json", codec.to_json())
    directory.write_arrays("codec.safetensors", codec.tensors())
    write_tensors(directory, "model.safetensors", model.state_dict())
    again = restored(config, directory.read_json("codec.json"), directory.read_arrays("codec.safetensors"))
    load_weights(directory, again.model)
    return again.predictor
