"""The network of a tagger, by whatever engine it runs. Knows no torch."""

from __future__ import annotations

from typing import TypeAlias

from bilstm_nlp.batch import AnyArray, TokenBatch
from bilstm_nlp.tasks.step_network import StepNetwork

TaggingNetwork: TypeAlias = StepNetwork[TokenBatch[AnyArray]]
