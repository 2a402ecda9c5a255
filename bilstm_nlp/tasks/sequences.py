"""The files of sequences that a config names, read as its data section says. Shared by all tasks over sequences."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from bilstm_nlp.config.corpora import files_of
from bilstm_nlp.config.sequences import SequenceData
from bilstm_nlp.data.labelled.sequence import Roles, SequenceFormat, SequenceSet
from bilstm_nlp.data.labelled.sequences import read_all
from bilstm_nlp.data.lines import Complain, stop, suggestion
from bilstm_nlp.data.remarks import Note
from bilstm_nlp.data.series.layout import LARGEST, LARGEST_UNSCALED
from bilstm_nlp.errors import DataError

Files = str | tuple[str, ...]
"""A file, or several that are one part of the data."""
LOOKED_FOR = "a relative path is looked for in the current folder, then beside the config"


def sequence_format(data: SequenceData, reading: Literal["class", "steps"]) -> SequenceFormat:
    """Return the settings of readers in the config."""
    return SequenceFormat(
        reading=reading,
        id_column=data.id_column,
        step_column=data.step_column,
        label_column=data.label_column,
        values=data.values,
        names=data.columns,
        missing=data.missing,
        decimal=data.decimal,
        thousands=data.thousands,
        encoding=data.encoding,
        largest=LARGEST_UNSCALED if data.scaler == "none" else LARGEST,
    )


class SequenceReader:
    """A reader of sequences, with the settings of a config's data section."""

    def __init__(self, config: SequenceData, reading: Literal["class", "steps"]) -> None:
        self.config, self.format = config, sequence_format(config, reading)

    def read(
        self, source: Files, roles: Roles | None = None, complain: Complain = stop, note: Note | None = None
    ) -> SequenceSet:
        """Read a part. `roles`: the columns of training, by default found in the first file.

        Complains and raises `DataError` as `read_sequences` does.
        """
        config = self.config
        for file in files_of(source):
            if not (file.startswith("sample:") or file == "-" or Path(file).exists()):
                hint = f"; {LOOKED_FOR}" if source in (config.train, config.dev, config.test) else ""
                raise DataError(file, "a file", f"nothing there{suggestion(file)}{hint}")
        format = self.format if roles is None else self.format.with_roles(roles)
        return read_all(files_of(source), format, complain, note)
