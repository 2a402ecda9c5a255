"""Output that comes in pieces, to a file or to standard output."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from bilstm_nlp.cli.activity import Activity, counted
from bilstm_nlp.errors import InputError, OutputError
from bilstm_nlp.system.files import partial_of, write_whole


def write(pieces: Iterable[bytes], output: Path | None, activity: Activity, *, packed: bool = False) -> None:
    """Write pieces of output, each as soon as it is there, and count their lines in the activity.

    `packed`: the pieces become a DocBin of spaCy, when all are there.

    Only complete output gets the name asked for. If an error or Ctrl-C ends the input early, what was written until
    then is kept in a file beside it. A device or a pipe is written to directly.
    Raises `OutputError` if the file can't be written.
    """
    pieces = counted(pieces, activity)
    if packed:
        from bilstm_nlp.data.text import docbin_file

        pieces = docbin_file.packed(pieces)
    if output is None:
        _write_to_standard_output(pieces)
    elif output.exists() and not output.is_file():
        try:
            with output.open("wb") as stream:
                stream.writelines(pieces)
        except OSError as error:
            raise OutputError(output, error) from error
    else:
        _write_to_file(pieces, output)


def write_folder(pieces: Iterable[bytes], folder: Path, activity: Activity) -> None:
    """Write pieces of output as the files of brat, and count their texts in the activity.

    Raises `InputError` for files that are already there, and `OutputError` for those that can't be written.
    """
    from bilstm_nlp.data.text import brat_folder

    for number in brat_folder.write(pieces, folder):
        activity.show(f"{number:,} texts written")


def _write_to_standard_output(pieces: Iterable[bytes]) -> None:
    """Write pieces to standard output, and flush after each: a reader may wait for it."""
    for piece in pieces:
        sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()


def _write_to_file(pieces: Iterable[bytes], output: Path) -> None:
    """Write pieces to a file that gets its name when it is complete."""

    def fill(partial: Path) -> None:
        with partial.open("wb") as stream:
            stream.writelines(pieces)

    try:
        write_whole(output, fill)
    except InputError as error:
        kept = _keep(output)
        if kept is None:
            raise
        raise InputError(f"{error} (what came before it is in {kept})") from error
    except KeyboardInterrupt:
        _keep(output)
        raise


def _keep(output: Path) -> Path | None:
    """Give incomplete output a name that can be seen, and return it. Empty output is removed."""
    partial, kept = partial_of(output), output.with_name(output.name + ".partial")
    with suppress(OSError):
        if partial.stat().st_size > 0:
            return partial.replace(kept)
        partial.unlink()
    return None
