"""The sections that every task has: the encoder, the attention after it, and training."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo
from pydantic_core import PydanticCustomError

Probability = Annotated[float, Field(ge=0, lt=1)]
LARGEST = 2**31 - 1
"""Of sizes and counts."""
Positive = Annotated[int, Field(ge=1, le=LARGEST)]
NotNegative = Annotated[int, Field(ge=0, le=LARGEST)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
"""What every random generator takes."""


def absolute(source: str) -> str:
    """A file's absolute path, so that a saved config means the same from everywhere; `hf:` and `sample:` stay."""
    if "\0" in source:
        raise ValueError("expected a name that a file can have")
    if source.startswith(("hf:", "sample:")):
        return source
    try:
        return str(Path(source).expanduser().absolute())
    except RuntimeError:
        raise ValueError("expected a path in a folder of somebody who is known here") from None


Source = Annotated[str, AfterValidator(absolute)]


class Section(BaseModel):
    """A table of the config: nothing unknown is let in, nothing changes after it was read, JSON can hold all of it."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, allow_inf_nan=False)


class EncoderConfig(Section):
    cell: Literal["lstm", "gru"] = "lstm"
    """The recurrent cell."""
    hidden: Positive = 256
    """Size of the hidden state, per direction."""
    layers: Positive = 1
    """Number of stacked layers."""
    bidirectional: bool = True
    """Read the sequence in both directions."""
    dropout: Probability = 0.5
    """Share of features dropped at the encoder's input, between its layers and at its output; values of a series that
    are read step by step are never dropped."""
    locked_dropout: bool = True
    """One dropout mask for all time steps of a sequence (Gal and Ghahramani 2016) instead of one for each."""
    initial_state: Literal["zeros", "random"] = "zeros"
    """Initial hidden and cell state: zeros, or drawn from N(0, 1) at every forward pass, evaluation included."""

    @property
    def outputs(self) -> int:
        """Size of a state, all directions together."""
        return self.hidden * (2 if self.bidirectional else 1)


class NoAttention(Section):
    kind: Literal["none"] = "none"


class AdditiveAttentionConfig(Section):
    kind: Literal["additive"] = "additive"
    size: Positive = 128
    """Size of the hidden layer that weighs two positions (Bahdanau et al. 2015)."""


class MultiHeadAttentionConfig(Section):
    kind: Literal["multi-head"] = "multi-head"
    heads: Positive = 4
    """Number of heads; they share out the encoder's features, which they must divide (Vaswani et al. 2017)."""
    dropout: Probability = 0.1
    """Share of attention weights dropped in training."""


def dividing(
    attention: NoAttention | AdditiveAttentionConfig | MultiHeadAttentionConfig, info: ValidationInfo
) -> NoAttention | AdditiveAttentionConfig | MultiHeadAttentionConfig:
    """The section, if its heads divide the features of the encoder that was read before it."""
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
"""Comes after `encoder` in a config, whose features the heads must divide."""


class AdamConfig(Section):
    kind: Literal["adam"] = "adam"
    learning_rate: float = Field(1e-3, gt=0)
    """Peak learning rate."""
    betas: tuple[Probability, Probability] = (0.9, 0.999)
    """Decay of the running means of the gradient and of its square."""


class AdamWConfig(Section):
    kind: Literal["adamw"] = "adamw"
    learning_rate: float = Field(1e-3, gt=0)
    """Peak learning rate."""
    betas: tuple[Probability, Probability] = (0.9, 0.999)
    """Decay of the running means of the gradient and of its square."""
    weight_decay: float = Field(0.01, ge=0)
    """Decoupled weight decay; embeddings, biases and transitions are spared."""


class SgdConfig(Section):
    kind: Literal["sgd"] = "sgd"
    learning_rate: float = Field(0.015, gt=0)
    """Peak learning rate."""
    momentum: Probability = 0.9
    """Momentum; 0 is plain gradient descent."""
    weight_decay: float = Field(0.0, ge=0)
    """L2 penalty; embeddings, biases and transitions are spared."""


class ConstantSchedule(Section):
    kind: Literal["constant"] = "constant"
    warmup: float = Field(0.0, ge=0)
    """Epochs (fractions allowed) in which the learning rate rises from 0 to its peak."""


class LinearSchedule(Section):
    kind: Literal["linear"] = "linear"
    warmup: float = Field(0.5, ge=0)
    """Epochs (fractions allowed) in which the learning rate rises from 0 to its peak; then it falls to 0."""


class CosineSchedule(Section):
    kind: Literal["cosine"] = "cosine"
    warmup: float = Field(0.5, ge=0)
    """Epochs (fractions allowed) in which the learning rate rises from 0 to its peak; then it falls to 0."""


class InverseTimeSchedule(Section):
    kind: Literal["inverse-time"] = "inverse-time"
    decay: float = Field(0.05, ge=0)
    """The learning rate of epoch e is peak / (1 + decay · e), as in Ma and Hovy (2016)."""


class PlateauSchedule(Section):
    kind: Literal["plateau"] = "plateau"
    factor: float = Field(0.5, gt=0, lt=1)
    """What the learning rate is multiplied by when the development score has stopped improving."""
    patience: Positive = 3
    """Epochs without a better development score before that happens."""


class TrainingConfig(Section):
    epochs: Positive = 12
    """Passes over the training data."""
    optimizer: AdamWConfig | AdamConfig | SgdConfig = Field(AdamWConfig(), discriminator="kind")
    """How gradients become steps."""
    schedule: ConstantSchedule | LinearSchedule | CosineSchedule | InverseTimeSchedule | PlateauSchedule = Field(
        LinearSchedule(), discriminator="kind"
    )
    """How the learning rate moves over the epochs."""
    clip: float = Field(5.0, ge=0)
    """Largest norm of the gradient; a longer one is scaled down. 0 lets every gradient be."""
    patience: Positive | None = None
    """Stop after so many epochs without a better development score."""
    average: float | None = Field(None, gt=0, lt=1)
    """Decay of an exponential moving average of the weights, which is then what is scored and saved."""
    adversarial: float = Field(0.0, ge=0)
    """How far the encoder's inputs are moved to where the loss is larger, half of the time; 0 leaves them in place."""
    device: Literal["auto", "cpu"] = "auto"
    """`auto` takes a GPU where there is one."""
