"""The format of an input, told by its name and its first lines."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence, Set
from contextlib import suppress
from itertools import groupby, islice
from pathlib import Path
from typing import Literal
from zlib import error as ZlibError

from bilstm_nlp.data.lines import opened
from bilstm_nlp.data.sources import path_of
from bilstm_nlp.data.text.formats.brat import is_brat
from bilstm_nlp.data.text.formats.column_dialects import head_of, is_conllu
from bilstm_nlp.data.text.formats.column_layout import names_in
from bilstm_nlp.data.text.formats.datasets import is_dataset, is_saved
from bilstm_nlp.data.text.formats.docbin import is_docbin
from bilstm_nlp.data.text.formats.jsonl import begins_array
from bilstm_nlp.data.text.formats.sentence_csv import separator_of
from bilstm_nlp.data.text.sentence import ColumnFormat
from bilstm_nlp.errors import DataError

InputFormat = Literal["auto", "text", "tokens", "conll", "jsonl", "dataset", "csv", "brat", "docbin"]
CorpusFormat = Literal["conll", "jsonl", "dataset", "csv", "brat", "docbin"]

HEAD = 1 << 16
"""Bytes of a file that are looked at."""
COLUMN_ENDINGS = (
    *(".conll", ".conllu", ".conllx", ".conllup", ".conll2000", ".conll2002", ".conll2003", ".conll03"),
    *(".bio", ".bio2", ".iob", ".iob1", ".iob2", ".iobes", ".bioes", ".bilou", ".bmes", ".bmeso", ".ioe2", ".ioe"),
    *(".col", ".cols", ".columns", ".ner", ".pos"),
)
"""Endings of column files."""
TAG = re.compile("O|[BIELSUMW][-_].+")
"""A tag of most schemes."""
LINE_END = re.compile("\r\n|\n|\r")
DOCUMENT_START = "-DOCSTART-"


def input_format(source: str, format: ColumnFormat, tags: Set[str] = frozenset()) -> InputFormat:
    """Tell the format of an input: `-` is text; a file is columns, JSONL or text, by its name and its first lines.

    A file whose name ends like that of a column file is read as columns if most of its rows have the same number of
    columns. Any other file is, if it ends its rows with tags, of which `tags` are known, or if its rows come in blocks.
    """
    if (told := _told_at_once(source)) is not None:
        return told
    lines = first_lines(source, format.encoding)
    if _is_csv(lines):
        return "csv"
    if source != "-" and _plain(source).endswith(COLUMN_ENDINGS):
        return "conll" if not lines or look_like_columns(lines, format, tags, named=True) else "text"
    if is_conllu(head := [line for _, line in head_of(enumerate(lines))]) or (head and head[0].startswith("# id ")):
        return "conll"
    if _is_json(lines):
        return "jsonl"
    blocks = not _plain(source).endswith(".txt")
    return "conll" if look_like_columns(lines, format, tags, blocks=blocks) else "text"


def corpus_format(source: str, encoding: str) -> CorpusFormat:
    """Tell the format of a corpus, which is columns if nothing speaks for another."""
    if (told := _told_at_once(source)) is not None:
        return told
    lines = first_lines(source, encoding)
    if _is_csv(lines):
        return "csv"
    return "jsonl" if _is_json(lines) else "conll"


def _told_at_once(source: str) -> CorpusFormat | None:
    """Tell the format of a source by its name or by the files of a folder; None if its lines must tell."""
    if is_dataset(source):
        return "dataset"
    if is_docbin(source):
        return "docbin"
    if source != "-" and is_brat(Path(source)):
        return "brat"
    return "jsonl" if is_jsonl(source) else None


def is_jsonl(source: str) -> bool:
    """Tell whether a source is JSONL, by its name."""
    return _plain(source).endswith((".jsonl", ".ndjson", ".json"))


def _plain(source: str) -> str:
    """Return a name in lower case, without the ending of a packed file."""
    return source.lower().removesuffix(".gz")


def first_lines(source: str, encoding: str) -> list[str]:
    """Return the first whole lines of a file; none of a stream, which can be read only once, or if it can't be read."""
    with suppress(OSError, EOFError, ZlibError, LookupError, ValueError, DataError):
        if source != "-" and Path(path_of(source)).is_file():
            with opened(source) as stream:
                head = stream.read(HEAD)
            lines = LINE_END.split(head.decode(encoding, "replace").removeprefix("\ufeff"))
            return lines[:-1] if len(head) == HEAD and len(lines) > 1 else lines
    return []


def look_like_columns(
    lines: Sequence[str], format: ColumnFormat, tags: Set[str], *, named: bool = False, blocks: bool = True
) -> bool:
    """Tell whether lines are rows of columns. With `named`, the name of their file says so.

    `blocks`: rows of two columns or more are also columns without tags, if blank lines part them into blocks.
    """
    lines = [line for line in lines if not line.startswith(format.comment or "# ")]
    tabs = any("\t" in line for line in lines)
    rows = [line.split("\t") if tabs else line.split() for line in lines if line.strip()]
    if not rows or any(row[0].startswith(DOCUMENT_START) for row in rows):
        return bool(rows)
    if isinstance(format.token, str):
        return named or format.token in rows[0]
    width, count = Counter(map(len, rows)).most_common(1)[0]
    if named:
        return count > (0.9 if width == 1 else 0.5) * len(rows)
    if width == 1 or count < 0.9 * len(rows):
        return False
    if names_in(rows[0]) is not None and len(rows[0]) == width and len(rows) > 1:
        return True
    tagged = sum(row[-1] in tags or TAG.fullmatch(row[-1]) is not None for row in rows)
    if tagged >= 0.9 * len(rows):
        return True
    sizes = [len(list(block)) for blank, block in groupby(lines, lambda line: not line.strip()) if not blank]
    words = sum(len(row[0].split()) == 1 for row in rows)
    return blocks and len(sizes) > 1 and len(rows) >= 3 * len(sizes) and words >= 0.9 * len(rows)


def _is_csv(lines: Sequence[str]) -> bool:
    """Tell whether lines are those of CSV with tokens and tags."""
    header, row, *_ = [*islice(filter(str.strip, lines), 2), "", ""]
    return separator_of(header, row) is not None


def _is_json(lines: Sequence[str]) -> bool:
    """Tell whether the first line is a JSON object, or begins an array of objects."""
    first, second, *_ = [*islice(filter(str.strip, lines), 2), "", ""]
    if begins_array(first):
        return second.lstrip().startswith("{") if first.strip() == "[" else first.partition("{")[2].lstrip()[:1] in '"}'
    if not first.lstrip().startswith("{"):
        return False
    try:
        return isinstance(json.loads(first), dict)
    except (ValueError, RecursionError):
        return False


def files_of_folder(folder: Path) -> list[Path]:
    """List the files of a folder that is a corpus, in the order of their names; none of another folder."""
    if is_saved(str(folder)):
        return sorted(path for path in folder.rglob("*") if path.is_file())
    return sorted((*folder.rglob("*.txt"), *folder.rglob("*.ann"))) if is_brat(folder) else []
