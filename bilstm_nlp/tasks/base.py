"""The contract between a task and the rooms above it: training, runs, studies and the command line.

To add a task, write a folder beside this file with a class for each of the three protocols `Task`, `Prepared` and
`Predictor`. Then name its config in `config/reading.py` and its classes in `registry.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import nn

    from bilstm_nlp.reports.sections import Section
    from bilstm_nlp.tasks.inspection import Inspection
    from bilstm_nlp.tasks.measurement import Measurement
    from bilstm_nlp.tasks.request import ErrorsPage, Request
    from bilstm_nlp.training.protocols import Batches, Score


class Codec(Protocol):
    """A translation between raw data and numbers, fitted to the training data before training."""

    def to_json(self) -> dict[str, Any]:
        """Return the content of codec.json."""
        ...

    def tensors(self) -> Mapping[str, NDArray[Any]]:
        """Return the content of codec.safetensors, by name."""
        ...


class Task(Protocol):
    """A config's task: it prepares a training, inspects data, and evaluates a trained run."""

    def prepare(self, trained: Predictor | None = None) -> Prepared:
        """Read the data that the config names, seed the random generators, fit the codec and make the model.

        If `trained` is given, its codec and model are used; nothing is seeded or fitted.
        Raises `InputError` for data that can't be used.
        """
        ...

    def prepare_from(self, parent: Predictor) -> Prepared:
        """Read the data, seed, and make a model that starts from the weights of a trained one.

        The architecture is that of the parent. Raises `InputError` for data or a task that can't be used.
        """
        ...

    def inspect(self, source: str | None = None) -> Inspection:
        """Describe the config's data, or another file that is read in the same way; errors become complaints."""
        ...

    def evaluate(self, trained: Predictor, source: str | None, errors: ErrorsPage | None = None) -> dict[str, Any]:
        """Score a trained run on `source`, by default on the config's test part, or on its development part.

        If `errors` is given, write a page with all wrong predictions there.
        Raises `InputError` if that page can't be written or the task has no such page.
        """
        ...

    def report(self, parts: Mapping[str, dict[str, Any]]) -> list[Section]:
        """Turn results, by the name of the part of the data, into tables and sentences."""
        ...


class Prepared(Protocol):
    """Data, codec and model of one config, ready to train or to be measured."""

    @property
    def codec(self) -> Codec: ...

    @property
    def model(self) -> nn.Module: ...

    def batches(self, epoch: int) -> Batches:
        """Return the training batches of an epoch; the same epoch always gives the same batches."""
        ...

    def scorer(self) -> Callable[[nn.Module], Score]:
        """Return a function that scores a model on the development data."""
        ...

    def finish(self) -> dict[str, Any]:
        """Fit to the development data whatever is fitted after training, then return all results.

        The model has its best weights.
        """
        ...

    def predictor(self) -> Predictor:
        """Return the predictor, with the model's present weights."""
        ...

    def examples(self) -> list[Any]:
        """Return a few inputs from the development data as JSON, for `Predictor.answers`."""
        ...

    def measure(self) -> Measurement:
        """Measure the trained model on each unit of the development data, for comparisons."""
        ...

    def plot(self, results: Mapping[str, dict[str, Any]], folder: Path) -> None:
        """Draw the pictures that `Task.report` refers to; the curves of the training are drawn elsewhere."""
        ...


class Answer(NamedTuple):
    """A model's answer to one recorded input."""

    numbers: list[float]
    """A tagger's probability of each tag at each token; a forecaster's quantiles of each step, in scaled units."""
    tags: list[str]
    """A tagger's best sequence; empty for a forecaster."""


class Predictor(Protocol):
    """A trained model with its codec, whatever the engine that computes."""

    def predictions(self, request: Request) -> Iterator[bytes]:
        """Yield pieces of output in the input's order; an error comes after the output for all lines before it."""
        ...

    def answers(self, inputs: Sequence[Any]) -> list[Answer]:
        """Answer recorded inputs, all in one batch.

        Raises `ValueError`, `TypeError` or `KeyError` for values that are no inputs.
        """
        ...

    def longer(self, inputs: Sequence[Any]) -> list[Any]:
        """Return inputs that make a batch pad all of `inputs`; empty if all inputs are equally long."""
        ...


@dataclass(frozen=True, eq=False)
class Restored:
    """A predictor that is made from a run's files, and its model of torch, whose weights are still to be loaded."""

    predictor: Predictor
    model: nn.Module
