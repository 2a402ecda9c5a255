"""A trained classifier: sequences in, classes with their probabilities out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.errors import InputError, listed
from bilstm_nlp.system.json_values import shortest
from bilstm_nlp.tasks.base import Answer
from bilstm_nlp.tasks.classification.codec import CLASSES_SHOWN, ClassificationCodec
from bilstm_nlp.tasks.classification.decoding import chosen_classes, decode
from bilstm_nlp.tasks.classification.ends import InputEnd
from bilstm_nlp.tasks.classification.network import ClassificationNetwork
from bilstm_nlp.tasks.request import Request


@dataclass(frozen=True)
class Classified:
    """The classes of a sequence."""

    classes: tuple[str, ...]
    """The most probable class; of a classifier of several, all that are probable enough, perhaps none."""
    probabilities: dict[str, float]
    """The calibrated probability of each class, the most probable first."""
    weights: NDArray[np.float32] | None = None
    """(T,) the weight of each step in the vector that was classified; None if the pooling has no weights."""

    @property
    def confidence(self) -> float:
        """The probability of the most probable class."""
        return next(iter(self.probabilities.values()))


class Classifier(ABC):
    """A trained classifier. Its input's class reads what is to be classified, and writes the answers."""

    def __init__(
        self,
        network: ClassificationNetwork,
        codec: ClassificationCodec[Any],
        end: InputEnd[Any],
        threshold: float | None,
    ) -> None:
        """`threshold`: the least probability of a class; None where a sequence has one class."""
        self.network, self.codec, self.end, self.threshold = network, codec, end, threshold

    def __repr__(self) -> str:
        """Name the classes."""
        return f"<Classifier of {self.end.units}: {listed(list(self.codec.classes), most=CLASSES_SHOWN)}>"

    def answer(self, inputs: Sequence[Any]) -> Iterator[Classified]:
        """Yield the classes of sequences that were read."""
        decoded = decode(self.network, self.codec.inputs.encode(inputs))
        values = self.network.probabilities(decoded.scores)
        flags = chosen_classes(values, self.threshold)
        for row, order in enumerate(np.argsort(-values, axis=1, kind="stable").tolist()):
            yield Classified(
                classes=tuple(self.codec.classes[number] for number in order if flags[row, number]),
                probabilities={self.codec.classes[number]: float(values[row, number]) for number in order},
                weights=None if decoded.weights is None else decoded.weights[row],
            )

    @abstractmethod
    def classify(self, inputs: Any) -> Any:
        """Return the `Classified` answer to an input in Python, or a list of answers to several inputs.

        Raises `InputError` for anything else.
        """

    @abstractmethod
    def predictions(self, request: Request) -> Iterator[bytes]:
        """Classify the sequences of a file, in its order."""

    @property
    def has_weights(self) -> bool:
        """Tell whether the pooling weighs the steps of a sequence."""
        return self.network.has_weights

    def check_weights(self, option: str) -> None:
        """Raise `InputError` for a classifier whose pooling has no weights."""
        if not self.has_weights:
            raise InputError(f'{option}: expected a classifier with head.pooling = "attention", found another pooling')

    # --- verification ---

    def answers(self, inputs: Sequence[Any]) -> list[Answer]:
        """Return the probabilities of the classes, and the predicted classes. All inputs are in one batch."""
        values = [self.end.replayed(value) for value in inputs]
        encoded = self.codec.inputs.encode(values)
        scores = decode(self.network, encoded, batch_steps=int(encoded.lengths.max()) * len(values)).scores
        rows = self.network.probabilities(scores)
        flags = chosen_classes(rows, self.threshold)
        return [
            Answer(
                shortest(row.astype(np.float32)),
                [name for name, is_set in zip(self.codec.classes, flag, strict=True) if is_set],
            )
            for row, flag in zip(rows, flags.tolist(), strict=True)
        ]

    def longer(self, inputs: Sequence[Any]) -> list[Any]:
        """Return an input three times as long as the longest, of the inputs' steps."""
        longest = self.end.repeated([self.end.replayed(value) for value in inputs])
        return [self.end.recorded(longest, whole=True)]
