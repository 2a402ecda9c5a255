"""The network of a torch model that ends in a tagging head."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import torch
from torch import Tensor

from bilstm_nlp.batch import Values
from bilstm_nlp.errors import InputError
from bilstm_nlp.nn.crf.chain import ChainScores
from bilstm_nlp.nn.model import Model
from bilstm_nlp.nn.tagging_heads import CrfHead, SoftmaxHead
from bilstm_nlp.nn.tensors import Batch, on
from bilstm_nlp.tasks.step_network import Emissions, StepNetwork

B = TypeVar("B")


def model_of(network: StepNetwork[Any]) -> Model[Any, Tensor]:
    """Return the model of a network. Raises `InputError` for a network of another engine than torch."""
    if not isinstance(network, TorchStepNetwork):
        raise InputError("model: expected a run with the weights of a torch model, found a model of another engine")
    return network.model


class TorchStepNetwork(Generic[B]):
    """A torch model as a network. Its weights may change between two calls."""

    def __init__(self, model: Model[B, Tensor]) -> None:
        self.model = model

    @property
    def head(self) -> CrfHead | SoftmaxHead:
        """The output end of the model."""
        return _checked(self.model.head)

    @property
    def callers(self) -> int:
        """1: torch shares the cores among the threads of a call."""
        return 1

    @property
    def heads(self) -> int:
        """The heads of the attention; 0 without attention."""
        return 0 if self.model.attention is None else self.model.attention.heads

    @property
    def chain(self) -> ChainScores:
        """The scores of neighbouring tags, with -inf for what is forbidden."""
        return self.head.crf.chain_scores()

    @property
    def temperature(self) -> float:
        """The calibrated temperature, which is saved with the weights."""
        return float(self.head.temperature)

    def set_temperature(self, temperature: float) -> None:
        """Set the calibrated temperature."""
        self.head.temperature.fill_(temperature)

    @torch.no_grad()
    def emissions(self, batch: Batch[B], /, *, attention: bool = False) -> Emissions:
        """Score each tag at each step, on the device of the model. The model is then in evaluation mode.

        Raises `ValueError` for `attention` of a model without.
        """
        if self.model.training:
            self.model.eval()
        tensors = on(batch, next(self.model.parameters()).device)
        if attention:
            scores, weights = self.model.decode_with_weights(tensors)
            return Emissions(_array(scores), _array(weights))
        return Emissions(_array(self.model.decode(tensors)), None)


def _array(values: Tensor) -> Values:
    """Bring values to the CPU, in single precision at least."""
    return values.to(torch.promote_types(values.dtype, torch.float32)).cpu().numpy()


def _checked(head: object) -> CrfHead | SoftmaxHead:
    assert isinstance(head, (CrfHead, SoftmaxHead))
    return head
