"""Which file is meant by the name of a source: one of the user's, or one of the package's samples."""

from __future__ import annotations

from pathlib import Path

from bilstm_nlp.errors import DataError

SAMPLES = Path(__file__).parent / "samples"


def place(source: str) -> Path:
    """The file: `sample:FILE` is one of the samples, all else a path. Raises `DataError` for no sample."""
    if not source.startswith("sample:"):
        return Path(source)
    name = source.removeprefix("sample:")
    names = sorted(entry.name for entry in SAMPLES.iterdir())
    if name not in names:
        raise DataError(source, f"one of {', '.join(names)}", name or "no name")
    return SAMPLES / name
