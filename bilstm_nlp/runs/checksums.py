"""Digests of the files of a directory, noted when they are written: they reveal damage and mixed-up runs. No torch.

Checksums guard against accidents only. Anybody who can write into the directory can write new checksums too.
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
"""Bytes of a file's name on any system, at most."""
LARGEST_JSON = 1 << 28
"""Bytes of a JSON file, at most: fifty times the vocabulary of a large file of vectors."""
LONGEST_SHOWN = 60
"""Characters of a value that a message quotes, at most."""


class Checksums:
    """The SHA-256 digests of the files in a folder, by name.

    >>> import tempfile
    >>> checksums = Checksums(Path(tempfile.mkdtemp()))
    >>> checksums.write("a.txt", lambda path: path.write_text("a"))
    >>> checksums.checked("a.txt")
    b'a'
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, fill: Callable[[Path], object]) -> None:
        """Let `fill` write the file, and note its digest."""

        def fill_and_note(partial: Path) -> None:
            fill(partial)
            self.expect(name, partial)

        write_whole(self.folder / name, fill_and_note)

    def content(self, name: str) -> bytes:
        """Return the content of a small file, unchecked.

        Raises `RunError` if the file is missing, or larger than in any run.
        """
        try:
            return small(self.folder / name)
        except FileNotFoundError:
            raise RunError(f"{self.folder / name}: expected a file of a run, found nothing there") from None

    def checked(self, name: str) -> bytes:
        """Return the content of a small file.

        Raises `RunError` if the file is missing, too large, or not as it was written.
        """
        content = self.content(name)
        self.check(name, digest_of(content))
        return content

    def expect(self, name: str, partial: Path) -> None:
        """Note the digest of `partial`, which is about to replace the file `name`.

        The digest of the present content stays valid until the next call. A process that is killed in between leaves
        either content, and both have a valid digest.
        """
        known = self.known()
        path = self.folder / name
        present = [digest(path)] if path.exists() else []
        still_valid = [actual for actual in present if actual in known.get(name, [])]
        known[name] = sorted({*still_valid, digest(partial)})
        write_json(self.folder / NAME, dict(sorted(known.items())))

    def check(self, name: str, actual: str) -> None:
        """Check the actual digest of the file `name`.

        Raises `RunError` if it is none of the digests that were noted.
        """
        expected = self.known().get(name)
        if expected is None:
            raise RunError(f"{self.folder / NAME}: expected a checksum of {name}, found none")
        if actual not in expected:
            raise RunError(
                f"{self.folder / name}: expected what was written there, found another content: it is damaged, or of "
                "another run"
            )

    def known(self) -> dict[str, list[str]]:
        """Return the valid digests of each file by its name; empty before anything was written.

        Raises `RunError` for damage.
        """
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
    """Return True if a name is that of a file in a folder, on any system.

    >>> is_plain("config.json"), is_plain("../config.json"), is_plain("C:config.json")
    (True, False, False)
    """
    return (
        0 < len(name.encode("utf-8", "surrogatepass")) <= LONGEST_NAME
        and not set(name) & set("/\\\0:")
        and name not in (".", "..")
    )


def small(path: Path) -> bytes:
    """Return the content of a small file.

    Raises `RunError` if the file is too large, and `OSError` if it can't be read.
    """
    with path.open("rb") as stream:
        content = stream.read(LARGEST_JSON + 1)
    if len(content) > LARGEST_JSON:
        raise RunError(f"{path}: expected at most {LARGEST_JSON >> 20} MiB of JSON, found more")
    return content


def parsed(path: Path, content: bytes) -> dict[str, Any]:
    """Return the JSON object in a file's content.

    Raises `RunError` for any other content.
    """
    try:
        value = value_of(content.decode("utf-8"))
    except ValueError as error:
        raise RunError(f"{path}: expected JSON, found {error}") from None
    if not isinstance(value, dict):
        raise RunError(f"{path}: expected a JSON object, found {type(value).__name__}")
    return value


def problem_of(error: ValidationError) -> str:
    """Describe the first problem: the rule, the key, and the value if it is short."""
    detail = error.errors(include_url=False)[0]
    key = ".".join(map(str, detail["loc"]))
    value = repr(detail["input"])
    return f"{detail['msg']}{f' in {key}' if key else ''}{f': {value}' if len(value) <= LONGEST_SHOWN else ''}"


def digest_of(content: bytes) -> str:
    """Return the SHA-256 digest of bytes in memory."""
    return hashlib.sha256(content).hexdigest()


def digest(path: Path) -> str:
    """Return the SHA-256 digest of a file, in constant memory."""
    sha256 = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            sha256.update(block)
    return sha256.hexdigest()
