"""Several trained classifiers as one: the mean of their calibrated probabilities. Knows no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.batch import AnyArray, Floats, Ints
from bilstm_nlp.config.classification import (
    ClassificationConfig,
    SeriesClassificationConfig,
    TextClassificationConfig,
)
from bilstm_nlp.errors import InputError
from bilstm_nlp.tasks.classification.codec import ClassificationCodec
from bilstm_nlp.tasks.classification.ends import Encoded, InputCodec
from bilstm_nlp.tasks.classification.inputs import classifier_of, threshold_of
from bilstm_nlp.tasks.classification.network import BatchScores, ClassificationNetwork, sigmoid, softmax
from bilstm_nlp.tasks.classification.predictor import Classifier
from bilstm_nlp.tasks.classification.task import ClassificationTask
from bilstm_nlp.tasks.combining import (
    check_alike,
    check_common_part,
    check_mean,
    order_of,
    reading_of,
    scored_part,
)
from bilstm_nlp.tasks.members import Member
from bilstm_nlp.tasks.request import Combine, ErrorsPage

LEAST = np.finfo(np.float32).tiny
"""Least mean probability, so that logarithms stay finite."""


@dataclass(frozen=True)
class EncodedTogether:
    """Sequences in the numbers of each of several classifiers."""

    parts: Sequence[Encoded]

    @property
    def lengths(self) -> Ints:
        """(N,) steps of each sequence."""
        return self.parts[0].lengths

    def collate(self, chosen: Ints) -> tuple[Any, ...]:
        """Make a padded batch for each classifier."""
        return tuple(part.collate(chosen) for part in self.parts)


@dataclass(frozen=True)
class CombinedInputs:
    """The codecs of several classifiers, each with a vocabulary or scales of its own. It is never saved."""

    codecs: Sequence[InputCodec[Any]]

    def to_json(self) -> dict[str, Any]:
        """Return nothing: the runs have their codecs."""
        return {}

    def tensors(self) -> Mapping[str, AnyArray]:
        """Return nothing."""
        return {}

    def encode(self, inputs: Sequence[Any]) -> EncodedTogether:
        """Encode sequences for each classifier."""
        return EncodedTogether([codec.encode(inputs) for codec in self.codecs])


@dataclass(frozen=True, eq=False)
class CombinedNetwork:
    """The networks of several classifiers as one, whose scores have the mean of the calibrated probabilities.

    The scores are logarithms of mean probabilities where a sequence has one class, log odds where it has any number.
    """

    members: Sequence[ClassificationNetwork]
    orders: Sequence[Ints]
    """For each member, (K,) its number of each of the ensemble's classes."""
    several: bool
    """True if a sequence has any number of classes."""
    has_weights: bool = False
    """False: the weights of several poolings are not one."""
    temperature: float = 1.0
    """1, since the probabilities of the members are calibrated."""

    @property
    def classes(self) -> int:
        """K"""
        return len(self.orders[0])

    def state_lengths(self, lengths: Ints) -> Ints:
        """(N,) lengths of sequences → the same."""
        return lengths

    def scores(self, batch: tuple[Any, ...]) -> BatchScores:
        """Score a batch of each member."""
        own = [
            network.probabilities(network.scores(part).scores)[:, order]
            for network, part, order in zip(self.members, batch, self.orders, strict=True)
        ]
        mean: Floats = np.mean(own, axis=0)
        scores = np.log(np.maximum(mean, LEAST))
        if self.several:
            scores -= np.log(np.maximum(1 - mean, LEAST))
        return BatchScores(scores.astype(np.float32), None)

    def probabilities(self, scores: NDArray[np.float32], temperature: float | None = None) -> Floats:
        """(N, K) scores → (N, K) probabilities."""
        divided = scores.astype(np.float64) / (self.temperature if temperature is None else temperature)
        return sigmoid(divided) if self.several else softmax(divided)


def classifiers(members: Sequence[Member], combine: Combine) -> Classifier:
    """Make one classifier of several runs: the classes of the mean of their calibrated probabilities.

    Vocabularies, embeddings, encoders and poolings may differ. Raises `InputError` for runs that differ in their
    classes, in the kind of their head, or in how they read files.
    """
    check_mean(combine, "classifiers")
    configs, own = [_config_of(member) for member in members], [_classifier_of(member) for member in members]
    check_alike(members, [{"input": each.input, **reading_of(each.data)} for each in configs])
    config = configs[0]
    first = own[0]
    for member, classifier in zip(members, own, strict=True):
        head = _config_of(member).head
        _check(members, member, "head.kind", config.head.kind, head.kind)
        _check(members, member, "head.threshold", first.threshold, classifier.threshold)
        _check(members, member, "texts cut by", _cut_of(first), _cut_of(classifier))
    orders = [
        order_of(first.codec.classes, classifier.codec.classes, "classes", member.name, members[0].name)
        for member, classifier in zip(members, own, strict=True)
    ]
    network = CombinedNetwork(
        [classifier.network for classifier in own], orders, several=threshold_of(config) is not None
    )
    inputs = CombinedInputs([classifier.codec.inputs for classifier in own])
    return classifier_of(config, first.end, network, ClassificationCodec(first.codec.classes, inputs))


def evaluate(members: Sequence[Member], combine: Combine, source: str | None, errors: Path | None) -> dict[str, Any]:
    """Score classifiers as one on a file, by default on the part that all runs have.

    Raises `InputError` as `classifiers` does, and for runs with other data by default.
    """
    combined = classifiers(members, combine)
    if source is None:
        configs = [_config_of(member) for member in members]
        check_common_part(members, [scored_part(config.data, config.seed) for config in configs])
    page = None if errors is None else ErrorsPage(errors, [Path(member.name) for member in members])
    return ClassificationTask(_config_of(members[0])).evaluate(combined, source, page)


def _config_of(member: Member) -> ClassificationConfig:
    """Return the config of a classifier's run. Raises `InputError` for a run of another task."""
    if not isinstance(member.config, TextClassificationConfig | SeriesClassificationConfig):
        raise InputError(f"{member.name}: expected a run of classification, found one of {member.config.task}")
    return member.config


def _classifier_of(member: Member) -> Classifier:
    """Return the classifier of a run. Raises `InputError` for a run of another task."""
    _config_of(member)
    assert isinstance(member.predictor, Classifier)
    return member.predictor


def _cut_of(classifier: Classifier) -> str:
    """Return the tokenizer that has cut the training texts."""
    return str(getattr(classifier.codec.inputs, "tokenizer", None))


def _check(members: Sequence[Member], member: Member, key: str, expected: object, found: object) -> None:
    """Raise `InputError` for a run that differs from the first in what an ensemble must share."""
    if expected != found:
        raise InputError(f"{member.name}: expected {key} {expected}, as {members[0].name} has, found {found}")
