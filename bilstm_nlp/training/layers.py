"""Layers of a model by name: those that are frozen for a while, and those with a learning rate of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import nn

from bilstm_nlp.errors import InputError


@dataclass(frozen=True)
class Freezing:
    """Layers that are not trained, all the time or in the first epochs.

    >>> Freezing(("embedder", "encoder"), every=2).in_epoch(3)
    ('embedder',)
    """

    layers: tuple[str, ...] = ()
    """Names, as in `model.named_modules()`."""
    every: int | None = None
    """Epochs after which the last frozen layer is thawed, each time. None: no layer is ever thawed."""

    def in_epoch(self, epoch: int) -> tuple[str, ...]:
        """Return the layers that are frozen in an epoch, from 1."""
        thawed = 0 if self.every is None else (epoch - 1) // self.every
        return self.layers[: max(0, len(self.layers) - thawed)]


def check_layers(model: nn.Module, freezing: Freezing, rates: Mapping[str, float]) -> None:
    """Raise `InputError` for a layer that the model does not have, and if every layer is frozen."""
    names = {name for name, _ in model.named_parameters()}
    for key, layers in (("training.freeze", freezing.layers), ("training.learning_rates", tuple(rates))):
        for layer in layers:
            if not any(_is_in(name, layer) for name in names):
                known = ", ".join(_layers(names, layer))
                raise InputError(f"{key}: expected names of layers with parameters, such as {known}, found {layer!r}")
    trained = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    if all(any(_is_in(name, layer) for layer in freezing.layers) for name in trained):
        raise InputError("training.freeze: expected at least one layer that is trained, found all frozen")


def _is_in(name: str, layer: str) -> bool:
    """Tell whether a parameter is that of a layer, or of a layer in it."""
    return name == layer or name.startswith(f"{layer}.")


def _layers(names: set[str], layer: str) -> list[str]:
    """List layers for a message: those of the longest part of `layer` that exists, or the topmost ones."""
    parent = layer.rpartition(".")[0]
    while parent and not any(_is_in(name, parent) for name in names):
        parent = parent.rpartition(".")[0]
    prefix = f"{parent}." if parent else ""
    return sorted({prefix + name.removeprefix(prefix).split(".")[0] for name in names if name.startswith(prefix)})


def freeze(model: nn.Module, trained: Sequence[str], frozen: Sequence[str]) -> None:
    """Let the parameters `trained` have gradients, unless they are in a frozen layer."""
    for name, parameter in model.named_parameters():
        if name in trained:
            parameter.requires_grad_(not any(_is_in(name, layer) for layer in frozen))


def trained_parameters(model: nn.Module) -> tuple[str, ...]:
    """Name the parameters that have gradients."""
    return tuple(name for name, parameter in model.named_parameters() if parameter.requires_grad)


def parameter_groups(
    model: nn.Module, weight_decay: float, rates: Mapping[str, float] | None = None
) -> list[dict[str, object]]:
    """Return two groups: matrices that multiply, which decay; embeddings, biases and transitions, which don't.

    Layers in `rates` have two groups of their own, with their learning rate. The rate of the longest name counts.
    """
    decayed = {
        id(parameter)
        for module in model.modules()
        if isinstance(module, (nn.Linear, nn.Conv1d, nn.LSTM, nn.GRU))
        for parameter in module.parameters(recurse=False)
        if parameter.dim() > 1
    }
    of_layers: dict[str | None, list[nn.Parameter]] = {None: [], **{layer: [] for layer in rates or {}}}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            layers = [layer for layer in rates or {} if _is_in(name, layer)]
            of_layers[max(layers, key=len, default=None)].append(parameter)
    groups: list[dict[str, object]] = []
    for layer, trained in of_layers.items():
        rate = {} if layer is None else {"lr": (rates or {})[layer]}
        groups.append({"params": [p for p in trained if id(p) in decayed], "weight_decay": weight_decay, **rate})
        groups.append({"params": [p for p in trained if id(p) not in decayed], "weight_decay": 0.0, **rate})
    return groups
