"""The config of the toy task: is the number of ones in a sequence of bits odd?"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bilstm_nlp.config.measures import Comparability, Measure, Subject
from bilstm_nlp.config.sections import EncoderConfig, Positive, Section, Seed, Source, TrainingConfig


class ParityData(Section):
    train: Source
    """A file with a sequence of bits in each line."""
    dev: Source
    """Another such file."""
    fraction: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Fraction of the training sequences to use."""


class ParityTraining(TrainingConfig):
    batch_size: Positive = 8
    """Sequences in a batch."""

    @property
    def batch_setting(self) -> str:
        """Name the setting that makes batches smaller."""
        return f"training.batch_size (now {self.batch_size})"


class ParityConfig(Section):
    """A classifier of sequences of bits."""

    task: Literal["parity"] = "parity"
    """The task."""
    seed: Seed = 1
    """Seed of all random numbers."""
    data: ParityData
    """The sequences."""
    encoder: EncoderConfig = EncoderConfig(hidden=4, dropout=0.0)
    """The recurrent layers."""
    training: ParityTraining = ParityTraining(epochs=2)
    """The training of the weights."""

    @property
    def sources(self) -> tuple[str, ...]:
        """All files that are read."""
        return (self.data.train, self.data.dev)

    @property
    def comparability(self) -> Comparability:
        """The measures that classifiers are compared by."""
        return Comparability(
            measures=[Measure("accuracy", "dev", higher_is_better=True, scale=100)],
            common=["task", "data.dev"],
            subject=Subject("sequences", overlapping=False, groups="class"),
        )
