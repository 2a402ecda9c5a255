"""The corpora of a config: a file, several files, those that match a pattern, or a share of the training sentences."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from bilstm_nlp.config.sections import LARGEST, Positive, Section, Seed, Source


class DevShare(Section):
    """A share of the training corpus that is cut off it, in whole documents, as the development corpus."""

    share: float = Field(gt=0, lt=1)
    """Fraction of the training sentences to cut off. Without documents, neighbours stay together."""
    seed: Seed | None = None
    """Seed of the draw. Not set: that of the run. Runs of several seeds are compared on one draw, so they need it."""


class HeldOut(Section):
    """A fold of the training sentences that is not trained on, for cross-validation."""

    fold: Positive
    """Number of the fold, from 1 to `folds`."""
    folds: int = Field(ge=2, le=LARGEST)
    """Number of folds of the training corpus. Documents stay whole."""

    @model_validator(mode="after")
    def check(self) -> Self:
        """Raise `ValueError` for a fold that doesn't exist."""
        if self.fold > self.folds:
            raise ValueError(f"expected a fold of at most {self.folds}, found {self.fold}")
        return self


def corpus_kind(value: Any) -> str:
    """Tell what a value names: a file, several, or a share of them."""
    if isinstance(value, list | tuple):
        return "files"
    return "share" if isinstance(value, dict | DevShare) else "file"


def _file_kind(value: Any) -> str:
    return "files" if isinstance(value, list | tuple) else "file"


def expanded(value: Any) -> Any:
    """Replace patterns by the files that match them, in the order of their names. One file stands for itself.

    A pattern without a match stays, for the reader to name. Raises `ValueError` for a file that is named twice.
    """
    if isinstance(value, DevShare):
        return value
    files = [file for source in files_of(value) for file in _matches(source)]
    twice = next((file for number, file in enumerate(files) if file in files[:number]), None)
    if twice is not None:
        raise ValueError(f"expected each file once, not {twice} twice")
    return files[0] if len(files) == 1 else tuple(files)


def _matches(source: str) -> list[str]:
    """Return the files that match a pattern, or the source if it is none."""
    if source.startswith(("hf:", "sample:")) or not glob.has_magic(source) or Path(source).exists():
        return [source]
    return sorted(glob.glob(source, recursive=True)) or [source]


def files_of(value: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return the sources of a corpus.

    >>> files_of("a.conll"), files_of(("a.conll", "b.conll"))
    (('a.conll',), ('a.conll', 'b.conll'))
    """
    return (value,) if isinstance(value, str) else value


OneFile = Annotated[Source, Tag("file")]
SeveralFiles = Annotated[tuple[Source, ...], Field(min_length=1), Tag("files")]
CorpusFiles = Annotated[OneFile | SeveralFiles, Discriminator(_file_kind), AfterValidator(expanded)]
"""One source or several. Patterns such as `data/*.conll` become the files that match when the config is read."""
DevelopmentCorpus = Annotated[
    OneFile | SeveralFiles | Annotated[DevShare, Tag("share")], Discriminator(corpus_kind), AfterValidator(expanded)
]
"""One source or several, or a share of the training corpus."""
