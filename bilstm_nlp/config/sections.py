"""The tables that every task has: the encoder, the attention after it, and training."""

from __future__ import annotations

import glob
import json
import os
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from bilstm_nlp.config.descriptions import Described

Probability = Annotated[float, Field(ge=0, lt=1)]
LARGEST = 2**31 - 1
"""The largest size or count."""
Positive = Annotated[int, Field(ge=1, le=LARGEST)]
NotNegative = Annotated[int, Field(ge=0, le=LARGEST)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
"""The range of seeds that all random generators accept."""


FOLDER = "folder"
"""The key of pydantic's context with the folder of the config's file."""


def absolute(source: str, folder: Path | None = None) -> str:
    """Return the absolute path of a file, so that a saved config means the same from every folder.

    A relative path is looked for in the current folder, and then in `folder`, that of the config. `hf:NAME` and
    `sample:NAME` stay unchanged.

    >>> absolute("sample:energy.csv")
    'sample:energy.csv'
    """
    if "\0" in source:
        raise ValueError("expected a name that a file can have")
    if source.startswith(("hf:", "sample:")):
        return source
    try:
        path = Path(source).expanduser()
    except RuntimeError:
        raise ValueError("expected a path in a folder of somebody who is known here") from None
    here = path.absolute()
    if folder is not None and not is_there(here):
        beside = Path(os.path.abspath(folder / path))  # the same from every folder, without ".."
        if is_there(beside):
            return str(beside)
    return str(here)


def is_there(path: Path) -> bool:
    """Tell whether there is such a file, or one that matches such a pattern."""
    try:
        return path.exists() or (glob.has_magic(str(path)) and next(glob.iglob(str(path)), None) is not None)
    except OSError:
        return False


def _located(source: str, info: ValidationInfo) -> str:
    """Return the absolute path of a file of a config."""
    return absolute(source, None if info.context is None else info.context.get(FOLDER))


Source = Annotated[str, AfterValidator(_located)]


class Section(Described):
    """A table of the config. Unknown keys are refused, values never change, and JSON can hold all of them.

    Its schema is made when it is first needed: a tagger predicts without those of other tasks. So a default that is a
    table is made by `model_construct`, which needs no schema.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True)

    def __hash__(self) -> int:
        """Hash the JSON of the values, since tables with keys of the user's have no hash of their own."""
        return hash(json.dumps(self.model_dump(mode="json"), sort_keys=True))


class EncoderConfig(Section):
    """The recurrent layers."""

    cell: Literal["lstm", "gru"] = "lstm"
    """The recurrent cell."""
    hidden: Positive = 256
    """Size of the hidden state, per direction."""
    layers: Positive = 1
    """Number of stacked layers."""
    bidirectional: bool = True
    """Read the sequence in both directions."""
    dropout: Probability = 0.5
    """Fraction of features dropped at the encoder's input, between its layers and at its output. The input of a series
    that is read row by row is never dropped."""
    locked_dropout: bool = True
    """Use the same dropout mask at all time steps of a sequence (Gal and Ghahramani 2016)."""
    initial_state: Literal["zeros", "random"] = "zeros"
    """Initial hidden and cell state. `random` draws from N(0, 1) at every forward pass, even in evaluation."""

    @property
    def outputs(self) -> int:
        """The size of a state, all directions together."""
        return self.hidden * (2 if self.bidirectional else 1)


class NoAttention(Section):
    """No attention between encoder and head."""

    kind: Literal["none"] = "none"


class AdditiveAttentionConfig(Section):
    """Additive attention: a small network weighs each pair of positions (Bahdanau et al. 2015)."""

    kind: Literal["additive"] = "additive"
    size: Positive = 128
    """Size of the hidden layer that weighs two positions."""


class MultiHeadAttentionConfig(Section):
    """Scaled dot-product attention with several heads (Vaswani et al. 2017)."""

    kind: Literal["multi-head"] = "multi-head"
    heads: Positive = 4
    """Number of heads. Must divide the number of the encoder's features, 2 × hidden if bidirectional."""
    dropout: Probability = 0.1
    """Fraction of attention weights dropped in training."""


def dividing(
    attention: NoAttention | AdditiveAttentionConfig | MultiHeadAttentionConfig, info: ValidationInfo
) -> NoAttention | AdditiveAttentionConfig | MultiHeadAttentionConfig:
    """Return the attention table if its heads divide the features of the encoder, which was read before it.

    Raises `PydanticCustomError` if they don't.
    """
    encoder = info.data.get("encoder")
    if encoder is not None and isinstance(attention, MultiHeadAttentionConfig) and encoder.outputs % attention.heads:
        context = {"key": "heads", "features": encoder.outputs, "found": attention.heads}
        raise PydanticCustomError(
            "between_keys", "a divisor of the encoder's {features} features, found {found}", context
        )
    return attention


AttentionConfig = Annotated[
    NoAttention | AdditiveAttentionConfig | MultiHeadAttentionConfig,
    Field(discriminator="kind"),
    AfterValidator(dividing),
]
"""Attention of any kind. Must come after `encoder` in a config: the heads must divide the encoder's features."""


class AdamConfig(Section):
    """Adam (Kingma and Ba 2015)."""

    kind: Literal["adam"] = "adam"
    learning_rate: float = Field(1e-3, gt=0)
    """Peak learning rate."""
    betas: tuple[Probability, Probability] = (0.9, 0.999)
    """Decay rates of the running means of the gradient and of its square."""


class AdamWConfig(Section):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019)."""

    kind: Literal["adamw"] = "adamw"
    learning_rate: float = Field(1e-3, gt=0)
    """Peak learning rate."""
    betas: tuple[Probability, Probability] = (0.9, 0.999)
    """Decay rates of the running means of the gradient and of its square."""
    weight_decay: float = Field(0.01, ge=0)
    """Decoupled weight decay. Not applied to embeddings, biases and transitions."""


class SgdConfig(Section):
    """Stochastic gradient descent."""

    kind: Literal["sgd"] = "sgd"
    learning_rate: float = Field(0.015, gt=0)
    """Peak learning rate."""
    momentum: Probability = 0.9
    """Momentum. 0 is plain gradient descent."""
    weight_decay: float = Field(0.0, ge=0)
    """L2 penalty. Not applied to embeddings, biases and transitions."""


class ConstantSchedule(Section):
    """A constant learning rate after the warmup."""

    kind: Literal["constant"] = "constant"
    warmup: float = Field(0.0, ge=0)
    """Epochs in which the learning rate rises from 0 to its peak. Fractions are allowed."""


class LinearSchedule(Section):
    """A learning rate that falls to 0 in a straight line after the warmup."""

    kind: Literal["linear"] = "linear"
    warmup: float = Field(0.5, ge=0)
    """Epochs in which the learning rate rises from 0 to its peak. Fractions are allowed."""


class CosineSchedule(Section):
    """A learning rate that falls to 0 along a cosine after the warmup."""

    kind: Literal["cosine"] = "cosine"
    warmup: float = Field(0.5, ge=0)
    """Epochs in which the learning rate rises from 0 to its peak. Fractions are allowed."""


class InverseTimeSchedule(Section):
    """A learning rate of peak / (1 + decay · e) in epoch e (Ma and Hovy 2016)."""

    kind: Literal["inverse-time"] = "inverse-time"
    decay: float = Field(0.05, ge=0)
    """Decay of the learning rate per epoch."""


class PlateauSchedule(Section):
    """A learning rate that falls when the development score stops improving."""

    kind: Literal["plateau"] = "plateau"
    factor: float = Field(0.5, gt=0, lt=1)
    """Factor of the learning rate, applied when the development score stops improving."""
    patience: Positive = 3
    """Epochs without a better development score before the learning rate falls."""


def _known_device(name: str) -> str:
    """Return the name of a device, which need not exist on this machine."""
    if not re.fullmatch(r"auto|cpu|cuda(:\d{1,4})?", name, re.ASCII):
        raise ValueError("expected auto, cpu, cuda or cuda:N")
    return name


def _a_step_in_each_epoch(steps: int | None, info: ValidationInfo) -> int | None:
    """Return the number of steps if each epoch has at least one. Raises `ValueError` if not."""
    epochs = info.data.get("epochs")
    if steps is not None and epochs is not None and steps < epochs:
        raise ValueError(f"expected at least as many steps as training.epochs, {epochs}")
    return steps


class TrainingConfig(Section):
    """The training loop."""

    epochs: Positive = 12
    """Number of epochs. After each, the development data are scored and the state is saved. Without `steps`, an epoch
    is a pass over the training data."""
    steps: Annotated[Positive | None, AfterValidator(_a_step_in_each_epoch)] = None
    """Number of steps of the optimizer in all epochs together, the same in each. The training data are repeated or cut
    to fit, in a new order each time. Not set: each epoch is a pass over the training data."""
    optimizer: AdamWConfig | AdamConfig | SgdConfig = Field(AdamWConfig.model_construct(), discriminator="kind")
    """The rule that turns gradients into steps."""
    schedule: ConstantSchedule | LinearSchedule | CosineSchedule | InverseTimeSchedule | PlateauSchedule = Field(
        LinearSchedule(), discriminator="kind"
    )
    """The learning rate over the epochs."""
    clip: float = Field(5.0, ge=0)
    """Largest norm of the gradient. Larger gradients are scaled down to it. 0 turns clipping off."""
    patience: Positive | None = None
    """Stop after this many epochs without a better development score. Not set: train all epochs."""
    average: float | None = Field(None, gt=0, lt=1)
    """Decay of an exponential moving average of the weights, which is scored and saved. After n steps the decay is at
    most (1 + n) / (10 + n), so that short trainings forget their first weights. Not set: no average."""
    adversarial: float = Field(0.0, ge=0)
    """Size of adversarial perturbations of the encoder's inputs, where half of the loss is taken. 0 turns them off."""
    device: Annotated[str, AfterValidator(_known_device)] = "auto"
    """Device of the model: `cpu`, `cuda`, or `cuda:N` for one GPU of several. `auto` is `cuda` if there is a GPU."""
    precision: Literal["fp32", "bf16"] = "fp32"
    """Precision of training. With `bf16`, encoder and attention compute in bfloat16; all else stays fp32. Processors
    without instructions for it refuse `bf16`."""

    parent: Source | None = None
    """Finished run of a tagger that the training starts from: its weights, vocabularies and architecture. `--from`
    sets it. Words, characters, values and tags of the new data are added. Not set: random weights."""
    freeze: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    """Layers that keep their weights, such as `["embedder", "encoder"]` or `["embedder.words"]`."""
    thaw: Positive | None = None
    """Epochs after which the last layer of `freeze` is trained too, then the one before it. Not set: never."""
    learning_rates: dict[str, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)
    """Peak learning rates of layers, such as `{ embedder = 1e-4 }`. All others have that of the optimizer."""

    def steps_of(self, epoch: int) -> int | None:
        """Return the number of steps of an epoch, from 1; `None` if an epoch is a pass over the data.

        >>> [TrainingConfig(epochs=3, steps=10).steps_of(epoch) for epoch in (1, 2, 3)]
        [3, 3, 4]
        """
        if self.steps is None:
            return None
        return self.steps * epoch // self.epochs - self.steps * (epoch - 1) // self.epochs
