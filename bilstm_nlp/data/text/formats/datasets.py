"""Datasets of the Hugging Face Hub, and local Parquet files, through the `datasets` library.

Local JSON is not read with the library: on files of little more than `null`, pyarrow's parser ends the process.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bilstm_nlp.data.lines import Complain, stop
from bilstm_nlp.data.remarks import Note, ignore
from bilstm_nlp.data.text.formats.records import TAG_KEYS, RecordReader
from bilstm_nlp.data.text.sentence import ColumnFormat, Sentence
from bilstm_nlp.errors import DataError

ROWS_AT_ONCE = 1000
EXPORTS = "refs/convert/parquet"
"""The branch of the Hub with Parquet files of datasets that are scripts."""


def is_dataset(source: str) -> bool:
    """Tell whether the `datasets` library reads a source: `hf:…`, a Parquet file, or a folder of `save_to_disk`."""
    return source.startswith("hf:") or is_parquet(source) or is_saved(source)


def is_saved(source: str) -> bool:
    """Tell whether a source is a folder that `save_to_disk` has written: a dataset, or one for each split."""
    return any((Path(source) / name).is_file() for name in ("state.json", "dataset_dict.json"))


def is_parquet(source: str) -> bool:
    """Tell whether a source is a Parquet file, by its name."""
    return source.endswith(".parquet")


def read_dataset(
    source: str, format: ColumnFormat, complain: Complain = stop, note: Note = ignore
) -> Iterator[Sentence]:
    """Yield the sentences of `hf:NAME`, `hf:NAME:SPLIT`, `hf:NAME:CONFIG:SPLIT`, a Parquet file, or a saved dataset.

    The split is `train` unless given; `hf:` may stand before a file or folder. Numbers of tags become names of their
    `ClassLabel`. Rows are counted from 1. Raises `DataError`.
    """
    reader = RecordReader(source, format, complain, note)
    # The library caches data of the Hub. Copies of local files are removed, because no later run uses them.
    with TemporaryDirectory(ignore_cleanup_errors=True) as copies:
        dataset = load(source, copies)
        keys = (format.tag,) if isinstance(format.tag, str) else TAG_KEYS
        columns = [column.key for column in format.features if not column.numeric]
        names = {}
        for key in (*(keys if format.tag is not None and not format.tag_names else ()), *columns):
            labels = class_names(dataset.features.get(key))
            if labels is not None:
                names[key] = labels
        for number, row in rows(dataset, source):
            try:
                named = row_with_names(row, names, source, number)
            except DataError as error:
                complain(error)
                continue
            yield from reader.read(named, number)
        reader.finish()


def load(source: str, copies: str) -> Any:
    """Load a dataset. The Arrow copy of a local file goes into the folder `copies`. Raises `DataError`."""
    # Imported here: it takes a second, and few runs need it.
    from datasets.load import load_dataset

    address = source.removeprefix("hf:")
    if is_saved(address):
        return _load_saved(address)
    name, *rest = address.split(":")
    if not is_parquet(address) and not (name and len(rest) <= 2 and all(rest)):
        raise DataError(source, "hf:NAME, hf:NAME:SPLIT or hf:NAME:CONFIG:SPLIT", repr(source))
    split = rest[-1] if rest else "train"
    config = rest[0] if len(rest) == 2 else None
    try:
        if is_parquet(address):
            # The default is the number of rows in the first group, which may be 0.
            data = {"train": address}
            return load_dataset("parquet", data_files=data, split="train", cache_dir=copies, batch_size=ROWS_AT_ONCE)
        try:
            return load_dataset(name, config, split=split)
        except RuntimeError as error:
            if "scripts are no longer supported" not in str(error):
                raise
            return load_dataset(name, data_dir=config, split=split, revision=EXPORTS)
    except Exception as error:  # the library passes on errors of many other libraries
        raise DataError(source, "a dataset", f"none that can be read: {reason(error)}") from error


def _load_saved(folder: str) -> Any:
    """Load a dataset that `save_to_disk` has written. Raises `DataError` for a folder of several splits."""
    from datasets.load import load_from_disk

    if (Path(folder) / "dataset_dict.json").is_file():
        splits = sorted(path.parent.name for path in Path(folder).glob("*/state.json"))
        shown = ", ".join(str(Path(folder) / split) for split in splits)
        raise DataError(folder, "the folder of a split", f"a folder of several: {shown or 'none'}")
    try:
        return load_from_disk(folder)
    except Exception as error:  # the library passes on errors of many other libraries
        raise DataError(folder, "a saved dataset", f"none that can be read: {reason(error)}") from error


def rows(dataset: Any, source: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (number from 1, row). Raises `DataError` for values that Python can't hold, such as dates after 9999."""
    number = 0
    try:
        for number, row in enumerate(dataset, 1):
            yield number, row
    except Exception as error:  # as above
        raise DataError(source, "a row that can be read", reason(error), number + 1) from error


def row_with_names(row: dict[str, Any], names: Mapping[str, list[str]], source: str, number: int) -> dict[str, Any]:
    """Return a row with names for the numbers of tags. Raises `DataError`."""
    named = {
        key: [name_of_label(value, labels, key, source, number) for value in row[key]]
        for key, labels in names.items()
        if row[key] is not None
    }
    return row | named


def name_of_label(value: int | None, names: list[str], key: str, source: str, number: int) -> str:
    """Return the name of a numbered label. Raises `DataError` for others, such as -1 for a hidden label."""
    if value is None or not 0 <= value < len(names):
        raise DataError(source, f"numbers from 0 to {len(names) - 1} in {key}", str(value), number)
    return names[value]


def class_names(feature: Any) -> list[str] | None:
    """Return the names of a column of lists of `ClassLabel`, or None for another column."""
    names = getattr(getattr(feature, "feature", None), "names", None)
    return list(names) if names is not None else None


def reason(error: BaseException) -> str:
    """Return the first line of an error, and of its first cause."""
    cause = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    return first_line(error) if cause is error else f"{first_line(error)} ({first_line(cause)})"


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, or its type if it has none."""
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__
