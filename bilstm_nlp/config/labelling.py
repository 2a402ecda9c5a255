"""The config of a labeller: a label for each step of a series."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from bilstm_nlp.config.corpora import DevShare
from bilstm_nlp.config.measures import Comparability, Measure, Subject
from bilstm_nlp.config.readers import StepReaderConfig
from bilstm_nlp.config.sections import (
    AttentionConfig,
    EncoderConfig,
    NoAttention,
    Positive,
    Section,
    Seed,
    TrainingConfig,
)
from bilstm_nlp.config.sequences import SequenceData


def _of_each_step(value: Any) -> Any:
    """Return the table of a reader. Raises `ValueError` for patches, with the reason."""
    if isinstance(value, dict) and value.get("kind") == "patches":
        raise ValueError(
            'expected { kind = "steps" }: a label for each step needs a state for each step, not for patches'
        )
    return value


class LabelCrfConfig(Section):
    """A linear-chain conditional random field (Lafferty et al. 2001): it learns which label follows which."""

    kind: Literal["crf"] = "crf"


class LabelSoftmaxConfig(Section):
    """A probability of each label for each step, independent of the other labels."""

    kind: Literal["softmax"] = "softmax"
    class_weights: Literal["balanced"] | dict[str, Annotated[float, Field(gt=0)]] | None = None
    """Weights of steps in training, by their label, such as `{ fault = 5 }`. Labels without a weight have 1.
    `balanced`: N / (K · n) for a label with n of the N steps, where there are K labels."""


class LabellingTraining(TrainingConfig):
    """The training loop."""

    batch_steps: Positive = 1000
    """Largest number of steps in a batch, padding included. Sequences of similar length share a batch, and a longer
    sequence is a batch of its own."""
    piece_steps: Positive | None = None
    """Largest number of steps of a training sequence. Longer ones are cut into pieces, at other steps in each epoch.
    Prediction reads sequences whole. Not set: training does, too."""

    @property
    def batch_setting(self) -> str:
        """The settings that make batches smaller, for messages."""
        return f"training.batch_steps (now {self.batch_steps}) or training.piece_steps (now {self.piece_steps})"


class LabellingConfig(Section):
    """A labeller of series: a label for each step, such as activities, states of a machine or phases of a signal."""

    task: Literal["labelling"] = "labelling"
    """The task."""
    seed: Seed = 1
    """Seed of the initial weights, dropout and the order of the sequences."""
    data: SequenceData
    """The files of sequences and their columns."""
    reader: Annotated[StepReaderConfig, BeforeValidator(_of_each_step)] = StepReaderConfig.model_construct()
    """The time step of the encoder: a step of the sequence, which gets a label of its own. Patches have no labels."""
    encoder: EncoderConfig = EncoderConfig.model_construct()
    """The recurrent layers."""
    attention: AttentionConfig = NoAttention.model_construct()
    """Attention over the whole sequence, between encoder and head."""
    head: LabelCrfConfig | LabelSoftmaxConfig = Field(LabelCrfConfig.model_construct(), discriminator="kind")
    """The layer that turns states of the encoder into labels."""
    training: LabellingTraining = LabellingTraining.model_construct()
    """The training loop."""

    @property
    def sources(self) -> tuple[str, ...]:
        """The files that are read."""
        return self.data.sources

    @property
    def comparability(self) -> Comparability:
        """The rules by which labellers are compared: by right steps, or by segments that overlap by half."""
        dev = self.data.dev
        share = dev if isinstance(dev, DevShare) else None
        keys = ("dev", "missing", "id_column", "step_column", "label_column", *(() if share is None else ("train",)))
        return Comparability(
            measures=[
                Measure("accuracy", "dev", higher_is_better=True, scale=100),
                Measure("segment_f1_50", "dev", higher_is_better=True, scale=100),
            ],
            common=["task", *(f"data.{key}" for key in keys)],
            subject=Subject("sequences", overlapping=False, groups="label"),
            seed="data.dev.seed" if share is not None and share.seed is None else None,
        )
