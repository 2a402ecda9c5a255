"""The names of data: paths of the user's files, and samples of the package."""

from __future__ import annotations

from pathlib import Path

from bilstm_nlp.errors import DataError

SAMPLES = Path(__file__).parent / "samples"


def path_of(source: str) -> Path:
    """Return the path of a source: a file of the samples for `sample:FILE`, else the source itself.

    Raises `DataError` for a sample that the package does not have.

    >>> path_of("sample:news.dev.conll").parent == SAMPLES
    True
    """
    if not source.startswith("sample:"):
        return Path(source)
    name = source.removeprefix("sample:")
    names = sorted(entry.name for entry in SAMPLES.iterdir())
    if name not in names:
        raise DataError(source, f"one of {', '.join(names)}", name or "no name")
    return SAMPLES / name
