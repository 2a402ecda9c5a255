"""What the trainer, the run directory and the command line ask of a task."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from numpy.typing import NDArray
from torch import nn

from bilstm_nlp.reports.sections import Section
from bilstm_nlp.tasks.inspection import Inspection
from bilstm_nlp.tasks.measurement import Measurement
from bilstm_nlp.training.protocols import Batches, Score


class Codec(Protocol):
    """What was learnt from the training data before training: between raw data and arrays, both ways."""

    def to_json(self) -> dict[str, Any]: ...

    def tensors(self) -> Mapping[str, NDArray[Any]]: ...


DataT = TypeVar("DataT")
CodecT = TypeVar("CodecT", bound=Codec)
ModelT = TypeVar("ModelT", bound=nn.Module)


class Task(Protocol, Generic[DataT, CodecT, ModelT]):
    """A handful of plain methods; `experiment` puts them in order."""

    def load(self) -> DataT:
        """Read and check the data that the config names."""
        ...

    def inspect(self, source: str | None = None) -> Inspection:
        """What is in the config's data, or in another file read in its way; what is wrong there is a complaint."""
        ...

    def fit(self, data: DataT) -> tuple[CodecT, ModelT]:
        """The codec, from training data only, and the untrained model."""
        ...

    def batches(self, data: DataT, codec: CodecT) -> Callable[[int], Batches]:
        """Epoch → its training batches; the same epoch always gives the same."""
        ...

    def scorer(self, data: DataT, codec: CodecT) -> Callable[[nn.Module], Score]:
        """Model → its score on the development data."""
        ...

    def finish(self, model: ModelT, data: DataT, codec: CodecT) -> dict[str, Any]:
        """After training, with the best weights: whatever is fitted on development data, then all results."""
        ...

    def examples(self, data: DataT, codec: CodecT) -> list[Any]:
        """A few inputs from the development data, as JSON, which a run carries to be asked again."""
        ...

    def evaluate(self, model: ModelT, codec: CodecT, source: str | None, errors: Path | None = None) -> dict[str, Any]:
        """Results on the data of `source`, by default of the config's test part, or its development part without.

        Everything that is wrong is written to the page `errors`, if one is asked for. Raises `InputError` where that
        can't be written or the task has no such page.
        """
        ...

    def measure(self, model: ModelT, data: DataT, codec: CodecT) -> Measurement:
        """What a comparison needs to know of a trained model: its figures on the development data, unit by unit."""
        ...

    def plot(self, model: ModelT, codec: CodecT, results: dict[str, Any], folder: Path) -> None:
        """The pictures that `report` refers to, besides the curves of the training."""
        ...

    def report(self, parts: Mapping[str, dict[str, Any]]) -> list[Section]:
        """Results for people: name of a part of the data → results on it."""
        ...


class Answer(NamedTuple):
    """What a model says of one input."""

    numbers: list[float]
    """A tagger's probability of each tag at each token; a forecaster's quantiles of each step, in scaled units."""
    tags: list[str]
    """Of a tagger."""


class Replayable(Protocol):
    """What answers."""

    def answers(self, inputs: Sequence[Any]) -> list[Answer]:
        """To inputs as JSON has them, all at once. Raises `ValueError`, `TypeError`, `KeyError` for what is none."""
        ...

    def longer(self, inputs: Sequence[Any]) -> list[Any]:
        """Inputs in whose company these are padded; none where all are equally long."""
        ...
