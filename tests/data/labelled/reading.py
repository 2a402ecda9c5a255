"""Helpers: the texts and the errors of files with a given content."""

from __future__ import annotations

import pytest

from bilstm_nlp.data.labelled.labelled_text import TextFormat
from bilstm_nlp.data.labelled.text_files import read_texts
from bilstm_nlp.errors import DataError


def texts_of(path, content, remarks=None, encoding="utf-8", **settings):
    """Return the texts of a file with this content. Remarks are added to `remarks`."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    note = [].append if remarks is None else remarks.append
    return list(read_texts(str(path), TextFormat(encoding=encoding, **settings), note=note))


def pairs_of(path, content, **settings):
    """Return (class, text) of each text, or (class, class, text) of several classes."""
    return [(*(text.classes or ()), text.text) for text in texts_of(path, content, **settings)]


def error_of(path, content, **settings):
    """Return the message of the error, without the folder."""
    with pytest.raises(DataError) as raised:
        texts_of(path, content, **settings)
    return str(raised.value).replace(f"{path.parent}/", "")


def errors_of(path, content, **settings):
    """Return (line, found) of all errors of a file that is read to its end."""
    path.write_text(content, encoding="utf-8")
    errors = []
    list(read_texts(str(path), TextFormat(**settings), errors.append))
    return [(error.line, error.found) for error in errors]
