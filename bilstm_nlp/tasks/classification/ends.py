"""The contract between a classifier and its input: texts or series.

To add an input, write an `InputEnd` and a `Classifier`, and name both in `inputs.py`. Fit its codec, and make its
embedder, in `embedders.py`. Only the latter knows torch.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from bilstm_nlp.batch import AnyArray, Ints

if TYPE_CHECKING:
    from bilstm_nlp.tasks.inspection import Inspection

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)


@dataclass(frozen=True)
class Labelled(Generic[T]):
    """A sequence with its classes."""

    input: T
    classes: tuple[str, ...]
    source: str
    line: int


@dataclass(frozen=True)
class Part(Generic[T]):
    """A part of the data."""

    source: str
    examples: Sequence[Labelled[T]]

    @property
    def inputs(self) -> list[T]:
        """The sequences without their classes."""
        return [example.input for example in self.examples]


@dataclass(frozen=True)
class Parts(Generic[T]):
    """All parts of the data that a config names."""

    train: Part[T]
    dev: Part[T]
    test: Part[T] | None


class Encoded(Protocol):
    """Sequences as numbers, from which batches are made."""

    @property
    def lengths(self) -> Ints:
        """(N,) steps of each sequence."""
        ...

    def collate(self, chosen: Ints, /) -> Any:
        """Make a padded batch of the sequences `chosen`, in this order."""
        ...


class InputCodec(Protocol[T_contra]):
    """A translation of sequences into numbers, fitted to the training sequences."""

    def to_json(self) -> dict[str, Any]:
        """Return the input's part of codec.json."""
        ...

    def tensors(self) -> Mapping[str, AnyArray]:
        """Return the content of codec.safetensors, by name."""
        ...

    def encode(self, inputs: Sequence[T_contra], /) -> Encoded:
        """Encode sequences."""
        ...


class InputEnd(Protocol[T]):
    """What a classifier needs of its input."""

    units: str
    """The name of the sequences in the plural: texts or series."""
    steps: str
    """The name of their steps in the plural."""

    def load(self) -> Parts[T]:
        """Read all parts. Raises `InputError` for data that can't be used."""
        ...

    def read(self, source: str, classes: Collection[str] = ()) -> Part[T]:
        """Read another file in the same way. Known classes may help to tell them from the rest.

        Raises `InputError` for data that can't be used.
        """
        ...

    def restored(self, values: object, arrays: Mapping[str, AnyArray], /) -> InputCodec[T]:
        """Restore the codec of saved files, and read as in training from now on.

        Raises `RunError` for a codec that is damaged.
        """
        ...

    def inspect(self, source: str | None) -> Inspection:
        """Describe the config's data, or another file that is read in the same way."""
        ...

    def recorded(self, value: T, /, *, whole: bool = False) -> Any:
        """Return the beginning of a sequence, or all of it, as JSON, for `Predictor.answers`."""
        ...

    def replayed(self, value: Any, /) -> T:
        """Restore a sequence that was recorded."""
        ...

    def repeated(self, values: Sequence[T], /) -> T:
        """Return a sequence three times as long as the longest of `values`, made of their steps."""
        ...

    def shown(self, value: T, /) -> str:
        """Return a sequence, or its name, for people."""
        ...

    def key(self, value: T, /) -> Any:
        """Return the identity of a sequence as JSON, by which comparisons tell that runs had the same data."""
        ...
