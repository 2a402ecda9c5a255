"""Datasets of the Hugging Face Hub, and local Parquet files, through the `datasets` library.

Local JSON is not read with it: files that are hardly more than `null` end the whole process in pyarrow's parser.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from tempfile import TemporaryDirectory
from typing import Any

from bilstm_nlp.data.lines import Complain, stop
from bilstm_nlp.data.text.records import TAG_KEYS, Documents, sentence_of_record
from bilstm_nlp.data.text.sentence import ColumnFormat, Sentence
from bilstm_nlp.errors import DataError

ROWS_AT_ONCE = 1000
EXPORTS = "refs/convert/parquet"
"""The branch where the Hub keeps its own Parquet files of datasets that come as a script."""


def is_dataset(source: str) -> bool:
    """Whether the `datasets` library reads this: `hf:…`, and Parquet files."""
    return source.startswith("hf:") or is_parquet(source)


def is_parquet(source: str) -> bool:
    return source.endswith(".parquet")


def read_dataset(source: str, format: ColumnFormat, complain: Complain = stop) -> Iterator[Sentence]:
    """The sentences of `hf:NAME`, `hf:NAME:SPLIT`, `hf:NAME:CONFIG:SPLIT`, or a Parquet file, `hf:` before it or not.

    The split is `train` unless given. Tags that are numbers become the names of their column's `ClassLabel`. Rows are
    counted from 1. Raises `DataError`.
    """
    documents = Documents()
    # What comes from the Hub is kept by the library; of a local file a copy is of no use to a later run.
    with TemporaryDirectory(ignore_cleanup_errors=True) as copies:
        dataset = load(source, copies)
        keys = (format.tag,) if isinstance(format.tag, str) else TAG_KEYS
        names = {key: found for key in keys if (found := class_names(dataset.features.get(key))) is not None}
        for number, row in rows(dataset, source):
            try:
                sentence = sentence_of_row(row, names, format, source, number, documents)
            except DataError as error:
                complain(error)
            else:
                yield sentence


def load(source: str, copies: str) -> Any:
    """The dataset itself; a local file's Arrow copy goes into the folder `copies`. Raises `DataError`."""
    # Imported here: it takes a second, and few runs need it.
    from datasets.load import load_dataset

    place = source.removeprefix("hf:")
    name, *rest = place.split(":")
    if not is_parquet(place) and not (name and len(rest) <= 2 and all(rest)):
        raise DataError(source, "hf:NAME, hf:NAME:SPLIT or hf:NAME:CONFIG:SPLIT", repr(source))
    split = rest[-1] if rest else "train"
    config = rest[0] if len(rest) == 2 else None
    try:
        if is_parquet(place):
            # By default it reads as many rows at once as are in the first group, of which there may be none.
            data = {"train": place}
            return load_dataset("parquet", data_files=data, split="train", cache_dir=copies, batch_size=ROWS_AT_ONCE)
        try:
            return load_dataset(name, config, split=split)
        except RuntimeError as error:
            if "scripts are no longer supported" not in str(error):
                raise
            return load_dataset(name, data_dir=config, split=split, revision=EXPORTS)
    except Exception as error:  # the library lets through whatever those below it raise
        raise DataError(source, "a dataset", f"none that can be read: {reason(error)}") from error


def rows(dataset: Any, source: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """(number from 1, row). Raises `DataError` for one with values that Python can't hold, such as dates after 9999."""
    number = 0
    try:
        for number, row in enumerate(dataset, 1):
            yield number, row
    except Exception as error:  # as above
        raise DataError(source, "a row that can be read", reason(error), number + 1) from error


def sentence_of_row(
    row: dict[str, Any],
    names: Mapping[str, list[str]],
    format: ColumnFormat,
    source: str,
    number: int,
    documents: Documents,
) -> Sentence:
    """A row as a sentence, its numbers replaced by the names that they stand for. Raises `DataError`."""
    for key, labels in names.items():
        if format.tag is not None and row[key] is not None:
            row[key] = [name_of_label(value, labels, key, source, number) for value in row[key]]
    return sentence_of_record(row, format, source, number, documents)


def name_of_label(value: int | None, names: list[str], key: str, source: str, number: int) -> str:
    """The name that a number stands for; -1, for a label kept secret, has none."""
    if value is None or not 0 <= value < len(names):
        raise DataError(source, f"numbers from 0 to {len(names) - 1} in {key}", str(value), number)
    return names[value]


def class_names(feature: Any) -> list[str] | None:
    """The names of a column of lists of `ClassLabel`."""
    names = getattr(getattr(feature, "feature", None), "names", None)
    return list(names) if names is not None else None


def reason(error: BaseException) -> str:
    """The first line of what went wrong, and of what was at the bottom of it."""
    bottom = error
    while bottom.__cause__ is not None:
        bottom = bottom.__cause__
    lines = [next(iter(str(one).splitlines()), type(one).__name__) for one in (error, bottom)]
    return lines[0] if bottom is error else f"{lines[0]} ({lines[1]})"
