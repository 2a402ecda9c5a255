"""A trained network that scores the tags of each step, by whatever engine it runs. Knows no torch.

All that comes after the emissions, from Viterbi to calibrated probabilities, takes numpy arrays and asks for no more
than this. `torch_step_network.py` has the network of a torch model.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol, TypeVar

from bilstm_nlp.batch import Values
from bilstm_nlp.nn.crf.chain import ChainScores

BatchT_contra = TypeVar("BatchT_contra", contravariant=True)


class Emissions(NamedTuple):
    """What a network says of B sequences of at most T steps."""

    scores: Values
    """(B, T, K) score of each tag at each step, in single precision at least; meaningless at padding."""
    attention: Values | None
    """(B, heads, T, T) the attention's weights, if they were asked for."""


class StepNetwork(Protocol[BatchT_contra]):
    """A trained network: batches of arrays in, scores of K tags out, with the chain that makes sequences of them."""

    @property
    def heads(self) -> int:
        """The heads of the attention; 0 without attention."""
        ...

    @property
    def callers(self) -> int:
        """The number of threads that may call at a time and share the cores; 1 if each call uses all cores."""
        ...

    @property
    def chain(self) -> ChainScores:
        """The scores of neighbouring tags, with -inf for what is forbidden."""
        ...

    @property
    def temperature(self) -> float:
        """The calibrated temperature, which divides every score of the posterior."""
        ...

    def set_temperature(self, temperature: float) -> None:
        """Set the calibrated temperature."""
        ...

    def emissions(self, batch: BatchT_contra, /, *, attention: bool = False) -> Emissions:
        """Score each tag at each step. `attention` asks for the attention's weights, which the network must have."""
        ...
