"""The network of a labeller, by whatever engine it runs. Knows no torch."""

from __future__ import annotations

from typing import TypeAlias

from bilstm_nlp.batch import AnyArray, SequenceBatch
from bilstm_nlp.tasks.step_network import StepNetwork

LabellingNetwork: TypeAlias = StepNetwork[SequenceBatch[AnyArray]]
