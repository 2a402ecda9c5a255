"""Which file is meant by the name of a source: one of the user's, of the package's samples, or of another package."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from bilstm_nlp.errors import DataError

SAMPLES = Path(__file__).parent / "samples"


def place(source: str) -> Path:
    """The file: `sample:FILE` is one of this package's samples, `package:NAME/FILE` one of an installed package.

    Raises `DataError` for samples and packages that are not there; files may be missing.
    """
    kind, _, name = source.partition(":")
    match kind:
        case "sample":
            names = sorted(entry.name for entry in SAMPLES.iterdir())
            if name not in names:
                raise DataError(source, f"one of {', '.join(names)}", name or "no name")
            return SAMPLES / name
        case "package":
            package, _, file = name.partition("/")
            return folder(package, source) / file
        case _:
            return Path(source)


def folder(package: str, source: str) -> Path:
    """Where a package is installed; it is not imported. Raises `DataError` for what is no package, or not there."""
    try:
        found = find_spec(package) if package.isidentifier() else None
    except (ImportError, ValueError):  # of a module that is half there
        found = None
    places = found.submodule_search_locations if found is not None else None
    if not places:
        raise DataError(source, "package:NAME/FILE of an installed package", f"no package {package!r}")
    return Path(next(iter(places)))
