"""The labeller of saved files: its labels and codec, around a network of any engine. Knows no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from bilstm_nlp.config.labelling import LabellingConfig
from bilstm_nlp.tasks.labelling.codec import LabellingCodec
from bilstm_nlp.tasks.labelling.network import LabellingNetwork
from bilstm_nlp.tasks.labelling.predictor import Labeller
from bilstm_nlp.tasks.sequences import sequence_format


@dataclass(frozen=True)
class SavedLabeller:
    """All of a saved labeller but its network."""

    config: LabellingConfig
    codec: LabellingCodec

    @classmethod
    def of(cls, config: LabellingConfig, values: object) -> Self:
        """Read the content of codec.json. Raises `RunError` for a damaged codec."""
        return cls(config, LabellingCodec.from_json(values))

    def around(self, network: LabellingNetwork) -> Labeller:
        """Return the labeller with a network."""
        return Labeller(network, self.codec, sequence_format(self.config.data, "steps"))
