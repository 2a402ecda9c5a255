"""Files of a directory and what each of them held when it was written, so that damage and mixed-up runs are told.

Checksums guard against accidents: whoever can write into the directory can write them too. No torch, since comparisons
read their runs through here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bilstm_nlp.errors import RunError
from bilstm_nlp.system.files import write_json, write_whole
from bilstm_nlp.system.json_values import value_of

NAME = "checksums.json"

LONGEST_NAME = 255
"""Bytes of a file's name, on any system."""
LARGEST_JSON = 1 << 28
"""Bytes: some fifty times what the vocabulary of a large file of vectors takes."""
LONGEST_SHOWN = 60
"""Characters of what is quoted in a message."""


class Checksums:
    """SHA-256 of every file in a folder that was written here, by name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, fill: Callable[[Path], object]) -> None:
        """Let `fill` write the file, and note what it holds."""

        def noted(coming: Path) -> None:
            fill(coming)
            self.expect(name, coming)

        write_whole(self.folder / name, noted)

    def content(self, name: str) -> bytes:
        """What is in a small file. Raises `RunError` where there is none, or more than any run has."""
        try:
            return small(self.folder / name)
        except FileNotFoundError:
            raise RunError(f"{self.folder / name}: expected a file of a run, found nothing there") from None

    def checked(self, name: str) -> bytes:
        """`content`, as it was written. Raises `RunError` where it is another."""
        content = self.content(name)
        self.check(name, digest_of(content))
        return content

    def expect(self, name: str, coming: Path) -> None:
        """What is in `coming` is about to take the place of the file `name`.

        Until it has, what is there now is right as well: whatever happens in between, one of the two is found.
        """
        known = self.known()
        path = self.folder / name
        there = [digest(path)] if path.exists() else []
        known[name] = sorted({*(one for one in there if one in known.get(name, [])), digest(coming)})
        write_json(self.folder / NAME, dict(sorted(known.items())))

    def check(self, name: str, found: str) -> None:
        """Raises `RunError` where the file `name`, whose digest is `found`, is not what was written there."""
        expected = self.known().get(name)
        if expected is None:
            raise RunError(f"{self.folder / NAME}: expected a checksum of {name}, found none")
        if found not in expected:
            raise RunError(
                f"{self.folder / name}: expected what was written there, found another content: it is damaged, or of "
                "another run"
            )

    def known(self) -> dict[str, list[str]]:
        """Name → the digests that are right; nothing where nothing was written yet. Raises `RunError` for damage."""
        path = self.folder / NAME
        try:
            values = parsed(path, small(path))
        except FileNotFoundError:
            return {}
        if not all(isinstance(value, list) for value in values.values()):
            raise RunError(f"{path}: expected lists of checksums by name, found something else")
        for name in values:
            if not is_plain(name):
                raise RunError(f"{path}: expected names of files in this directory, found {name[:60]!r}")
        return values


def is_plain(name: str) -> bool:
    """Whether a name is that of a file in the folder where it is looked for, on any system."""
    return (
        0 < len(name.encode("utf-8", "surrogatepass")) <= LONGEST_NAME
        and not set(name) & set("/\\\0:")
        and name not in (".", "..")
    )


def small(path: Path) -> bytes:
    """A file that is to be held in memory. Raises `RunError` for one that is too large, `OSError`."""
    with path.open("rb") as stream:
        content = stream.read(LARGEST_JSON + 1)
    if len(content) > LARGEST_JSON:
        raise RunError(f"{path}: expected at most {LARGEST_JSON >> 20} MiB of JSON, found more")
    return content


def parsed(path: Path, content: bytes) -> dict[str, Any]:
    """The JSON object that a file holds. Raises `RunError` for anything else."""
    try:
        value = value_of(content.decode("utf-8"))
    except ValueError as error:
        raise RunError(f"{path}: expected JSON, found {error}") from None
    if not isinstance(value, dict):
        raise RunError(f"{path}: expected a JSON object, found {type(value).__name__}")
    return value


def problem_of(error: ValidationError) -> str:
    """The first thing that is wrong, where, and what is there, unless that is long."""
    detail = error.errors(include_url=False)[0]
    place = ".".join(map(str, detail["loc"]))
    found = repr(detail["input"])
    return f"{detail['msg']}{f' in {place}' if place else ''}{f': {found}' if len(found) <= LONGEST_SHOWN else ''}"


def digest_of(content: bytes) -> str:
    """Of what is in memory."""
    return hashlib.sha256(content).hexdigest()


def digest(path: Path) -> str:
    """Of a file, in constant memory."""
    found = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            found.update(block)
    return found.hexdigest()
