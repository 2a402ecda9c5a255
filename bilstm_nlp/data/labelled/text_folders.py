"""Folders of texts: a folder for each class, with a file for each text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from bilstm_nlp.data.labelled.labelled_text import LabelledText
from bilstm_nlp.data.labelled.text_building import TextBuilder
from bilstm_nlp.data.lines import numbered_lines
from bilstm_nlp.data.remarks import Remark
from bilstm_nlp.errors import DataError, listed


def is_folder(source: str) -> bool:
    """Tell whether a source is a folder."""
    return source != "-" and Path(source).is_dir()


def read_folder(source: str, builder: TextBuilder) -> Iterator[LabelledText]:
    """Yield the texts of a folder with a folder for each class, in the order of their names.

    A file is a text, whatever its ending. Files that are in no folder of a class are noted; hidden files are not read.
    Raises `DataError` for a folder without folders.
    """
    entries = _entries(Path(source))
    folders = [entry for entry in entries if entry.is_dir()]
    if not folders:
        expected = "a folder for each class, with a file for each text"
        raise DataError(source, expected, f"only {listed([entry.name for entry in entries]) or 'nothing'}")
    for entry in entries:
        if not entry.is_dir():
            builder.note(Remark(source, None, "files in no folder of a class, not read", entry.name))
    for folder in folders:
        classes = builder.classes.of_cell(folder.name, 1)
        for path in _files(folder, source, builder):
            reader = TextBuilder(str(path), builder.format, builder.complain, builder.note, needs_class=True)
            lines = numbered_lines(str(path), builder.format.encoding, builder.complain)
            try:
                text = reader.build("\n".join(line for _, line in lines), classes, 1, {})
            except DataError as error:
                builder.complain(error)
                continue
            if text is not None:
                yield replace(text, source=str(path))


def _files(folder: Path, source: str, builder: TextBuilder) -> list[Path]:
    """List the files of a class. Raises `DataError` if it has only folders, as a folder of several parts has."""
    entries = _entries(folder)
    files = [entry for entry in entries if not entry.is_dir()]
    if entries and not files:
        expected = (
            f"files in {folder.name}, the folder of a class; data.train = {str(folder)!r} reads the folders in it"
        )
        raise DataError(source, expected, listed([entry.name for entry in entries]))
    for inner in entries:
        if inner.is_dir():
            builder.note(
                Remark(source, None, "folders in a folder of a class, not read", f"{folder.name}/{inner.name}")
            )
    return files


def _entries(folder: Path) -> list[Path]:
    """List a folder without hidden entries. Raises `DataError` if it can't be read."""
    try:
        return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise DataError(folder, "a folder", f"one that can't be read: {error.strerror or error}") from None
