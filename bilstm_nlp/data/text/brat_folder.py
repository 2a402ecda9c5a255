"""A folder of brat: a text and its standoff annotations for each document, and the list of types."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import IO, Any

from bilstm_nlp.errors import InputError, OutputError

CONFIGURATION = "annotation.conf"
UNSAFE = re.compile(r"[^\w.-]+")
"""Characters that names of files do without."""
NO_TYPE = re.compile(r"[\s:|\[\]!]")
"""Characters that a type of brat can't have."""
LINE_END = re.compile("[\n\r]+")


def header(source: str, reads: str, types: Iterable[str]) -> str:
    """Return the first line for `write`: the input, its format, and the types of entities."""
    return json.dumps([source, reads, list(types)]) + "\n"


def write(pieces: Iterable[bytes], folder: Path) -> Iterator[int]:
    """Write the lines of `as_brat`, which follow `header`, as files NAME.txt and NAME.ann. Yield the lines written.

    Plain text is one document, called like its file. A column file has a document for each of its own documents, JSONL
    for each record: NAME-0001 and so on, or the record's `id`.
    Raises `InputError` for a file that is already there, and `OutputError` for one that can't be written.
    """
    lines = (line for piece in pieces for line in piece.splitlines())
    source, reads, types = json.loads(next(lines))
    stem = UNSAFE.sub("_", Path(source).name.removesuffix(".gz")).rpartition(".")[0] or UNSAFE.sub("_", source)
    stem = "document" if source == "-" else stem
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / CONFIGURATION).exists():
            sections = ["[entities]", *map(_type, types), "", "[relations]", "", "[events]", "", "[attributes]", ""]
            (folder / CONFIGURATION).write_text("\n".join(sections), encoding="utf-8")
        document: Document | None = None
        names = set[str]()
        for number, line in enumerate(lines, 1):
            values = json.loads(line)
            name, own = _name(stem, reads, values)
            if document is None or own or document.name != name:
                if document is not None:
                    document.close()
                name = f"{name}-{number:04}" if name in names else name
                names.add(name)
                document = Document(folder, name)
            document.add(values[3], values[4])
            yield number
        if document is not None:
            document.close()
    except OSError as error:
        raise OutputError(error.filename or folder, error) from error


def _name(stem: str, reads: str, values: list[Any]) -> tuple[str, bool]:
    """Name the document of a line, and tell whether the line is a document of its own."""
    number, document, key = values[:3]
    if reads in ("text", "tokens", "conll") or document:
        return f"{stem}-{document:04}" if document else stem, False
    named = isinstance(key, str | int) and str(key).strip(". ")
    return UNSAFE.sub("_", str(key)) if named else f"{stem}-{number:04}", True


def _type(kind: str) -> str:
    """Return a type as brat can read it. Raises `InputError` for others."""
    if NO_TYPE.search(kind):
        raise InputError(f"--format brat: expected types without blanks and marks, found {kind!r}; --format jsonl can")
    return kind


class Document:
    """A document that is being written. Its files get their names when it is complete."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name, self.length, self.numbers = name, 0, count(1)
        self.paths = [folder / f"{name}.txt", folder / f"{name}.ann"]
        for path in self.paths:
            if path.exists():
                raise InputError(f"{path}: expected no file, which is not overwritten, found one")
        self.text, self.annotations = map(self._open, self.paths)

    def _open(self, path: Path) -> IO[str]:
        return path.with_name(path.name + ".partial").open("w", encoding="utf-8", newline="")

    def add(self, text: str, spans: Iterable[tuple[int, int, str, float | None]]) -> None:
        """Append a text, with a line end after it, and its entities."""
        self.text.write(text + "\n")
        for start, end, kind, score in spans:
            number = next(self.numbers)
            covered = text[start:end]
            # An entity over several lines is a list of fragments, one in each.
            ends = [start, *(start + edge for match in LINE_END.finditer(covered) for edge in match.span()), end]
            pairs = zip(ends[::2], ends[1::2], strict=True)
            places = ";".join(f"{self.length + a} {self.length + b}" for a, b in pairs if a < b)
            spelling = LINE_END.sub(" ", covered).replace("\t", " ")
            self.annotations.write(f"T{number}\t{_type(kind)} {places}\t{spelling}\n")
            if score is not None:
                self.annotations.write(f"#{number}\tAnnotatorNotes T{number}\t{score:.4f}\n")
        self.length += len(text) + 1

    def close(self) -> None:
        """Give the files their names."""
        for stream, path in zip((self.text, self.annotations), self.paths, strict=True):
            stream.close()
            path.with_name(path.name + ".partial").replace(path)
