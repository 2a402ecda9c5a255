"""Several trained labellers as one: the best labels under the mean of their marginals. Knows no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bilstm_nlp.batch import AnyArray, Floats, Ints, SequenceBatch
from bilstm_nlp.config import Config
from bilstm_nlp.config.labelling import LabellingConfig
from bilstm_nlp.data.labelled.sequence_codec import SequenceCodec
from bilstm_nlp.errors import InputError
from bilstm_nlp.nn.crf.chain import ChainScores
from bilstm_nlp.nn.crf.posterior import Posterior
from bilstm_nlp.tasks.combining import (
    check_alike,
    check_common_part,
    check_mean,
    order_of,
    reading_of,
    scored_part,
)
from bilstm_nlp.tasks.labelling.network import LabellingNetwork
from bilstm_nlp.tasks.labelling.predictor import Labeller
from bilstm_nlp.tasks.labelling.task import LabellingTask
from bilstm_nlp.tasks.members import Member
from bilstm_nlp.tasks.request import Combine, ErrorsPage
from bilstm_nlp.tasks.step_network import Emissions

LEAST = np.finfo(np.float64).tiny
"""Least mean marginal, so that logarithms stay finite."""


@dataclass(frozen=True)
class Rescaling:
    """The way from the scaled numbers of one labeller to those of another: values · factor + shift."""

    factor: Floats
    """(F,)"""
    shift: Floats
    """(F,)"""

    @classmethod
    def between(cls, given: SequenceCodec, wanted: SequenceCodec) -> Rescaling | None:
        """Return the way from the numbers of a codec to those of another; None if they are the same."""
        if np.array_equal(given.mean, wanted.mean) and np.array_equal(given.deviation, wanted.deviation):
            return None
        return cls(given.deviation / wanted.deviation, (given.mean - wanted.mean) / wanted.deviation)

    def apply(self, batch: SequenceBatch[AnyArray]) -> SequenceBatch[AnyArray]:
        """Rescale the (B, T, F) values of a batch; padding stays 0."""
        values = (batch.values * self.factor + self.shift).astype(batch.values.dtype)
        return replace(batch, values=np.where(batch.mask[..., None], values, 0))


@dataclass(frozen=True, eq=False)
class CombinedNetwork:
    """The networks of several labellers as one, whose emissions are the logarithms of their mean marginals.

    Its chain is free, so the best path is the most probable one if steps are independent. Each marginal is that of a
    labeller at its own temperature.
    """

    members: Sequence[LabellingNetwork]
    rescalings: Sequence[Rescaling | None]
    orders: Sequence[Ints]
    """For each member, (K,) its number of each of the ensemble's labels."""
    heads: int = 0
    """0: the attention of several labellers is not one."""
    callers: int = 1
    temperature: float = 1.0
    """1, since the marginals of the members are calibrated."""

    @property
    def chain(self) -> ChainScores:
        """No scores of neighbouring labels."""
        labels = len(self.orders[0])
        return ChainScores(np.zeros(labels), np.zeros(labels), np.zeros((labels, labels)))

    def set_temperature(self, temperature: float) -> None:
        """Raise `TypeError`: each labeller has its own temperature."""
        raise TypeError(f"An ensemble has no temperature of its own. Got {temperature}.")

    def emissions(self, batch: SequenceBatch[AnyArray], *, attention: bool = False) -> Emissions:
        """Return the (B, T, K) logarithms of the mean marginals, 0 at padding."""
        assert not attention, "heads is 0"
        own = []
        for network, rescaling, order in zip(self.members, self.rescalings, self.orders, strict=True):
            scores = network.emissions(batch if rescaling is None else rescaling.apply(batch)).scores
            posterior = Posterior(network.chain, scores.astype(np.float64), batch.lengths, network.temperature)
            own.append(posterior.marginals()[..., order])
        mean = np.maximum(np.mean(own, axis=0), LEAST)
        return Emissions(np.where(batch.mask[..., None], np.log(mean), 0.0), None)


def labellers(members: Sequence[Member], combine: Combine) -> Labeller:
    """Make one labeller of several runs: the best labels under the mean of their marginals.

    Encoders, heads and scales may differ. Raises `InputError` for runs that differ in their labels, in their columns,
    or in how they read files.
    """
    check_mean(combine, "labellers")
    own = [_labeller_of(member) for member in members]
    check_alike(members, [reading_of(_config_of(member).data) for member in members])
    first = own[0].codec
    for member, labeller in zip(members, own, strict=True):
        expected, found = first.inputs.roles.values, labeller.codec.inputs.roles.values
        if expected != found:
            raise InputError(
                f"{member.name}: expected columns {', '.join(expected)}, as {members[0].name} has, "
                f"found {', '.join(found)}"
            )
    network = CombinedNetwork(
        [labeller.network for labeller in own],
        [Rescaling.between(first.inputs, labeller.codec.inputs) for labeller in own],
        [
            order_of(first.labels, labeller.codec.labels, "labels", member.name, members[0].name)
            for member, labeller in zip(members, own, strict=True)
        ],
    )
    return Labeller(network, first, own[0].format)


def evaluate(
    members: Sequence[Member], reading: Config, combine: Combine, source: str | None, errors: Path | None
) -> dict[str, Any]:
    """Score labellers as one on a file, by default on the part that all runs have. `reading` says how it is read.

    Raises `InputError` as `labellers` does, and for runs with other data by default.
    """
    combined = labellers(members, combine)
    if source is None:
        configs = [_config_of(member) for member in members]
        check_common_part(members, [scored_part(config.data, config.seed) for config in configs])
    page = None if errors is None else ErrorsPage(errors, [Path(member.name) for member in members])
    assert isinstance(reading, LabellingConfig)
    return LabellingTask(reading).evaluate(combined, source, page)


def _config_of(member: Member) -> LabellingConfig:
    """Return the config of a labeller's run. Raises `InputError` for a run of another task."""
    if not isinstance(member.config, LabellingConfig):
        raise InputError(f"{member.name}: expected a run of labelling, found one of {member.config.task}")
    return member.config


def _labeller_of(member: Member) -> Labeller:
    """Return the labeller of a run. Raises `InputError` for a run of another task."""
    _config_of(member)
    assert isinstance(member.predictor, Labeller)
    return member.predictor
