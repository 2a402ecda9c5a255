"""The next chunk of a stream, read while the output of earlier chunks is passed on. Knows no torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from threading import Thread

from bilstm_nlp.tasks.streaming import Chunk


class ChunkReader:
    """A reader of a stream's chunks, of which it holds at most one.

    A stream that may be slow is read in a thread, so that output need not wait for its next line. A thread that waits
    for a line ends with the process.

    >>> from bilstm_nlp.tasks.tagging import stream as tagging
    >>> stream = ChunkReader(iter([tagging.Chunk(1, [])]), in_thread=False)
    >>> stream.read()
    >>> stream.chunk
    Chunk(first=1, sentences=[], drawn=False, follows=False)
    >>> stream.read()
    >>> stream.ended
    True
    """

    def __init__(self, chunks: Iterator[Chunk], *, in_thread: bool) -> None:
        self._chunks, self._in_thread = chunks, in_thread
        self._receiver, self._sender = Pipe(duplex=False)
        self._reading = False
        self._result: Chunk | Exception | None = None
        self.chunk: Chunk | None = None
        """The chunk that was read last; `None` while the next chunk is read, and after the last chunk."""
        self.ended = False
        """True after the last chunk, or after an error."""
        self.error: Exception | None = None
        """The error that ended the stream."""

    @property
    def coming(self) -> Sequence[Connection]:
        """The connection that has something to receive as soon as the next chunk is read; none if nothing is read."""
        return [self._receiver] if self._reading else []

    def read(self) -> None:
        """Read the next chunk, or begin to read it in a thread."""
        self.chunk = None
        if self._in_thread:
            self._reading = True
            Thread(target=self._read_and_tell, daemon=True).start()
        else:
            self._read()
            self._take()

    def receive(self) -> None:
        """Take the chunk that the thread has read, if it has."""
        if self._reading and self._receiver.poll():
            self._receiver.recv_bytes()
            self._reading = False
            self._take()

    def _read(self) -> None:
        try:
            self._result = next(self._chunks, None)
        except Exception as error:
            self._result = error

    def _read_and_tell(self) -> None:
        self._read()
        self._sender.send_bytes(b"read")

    def _take(self) -> None:
        if self._result is None or isinstance(self._result, Exception):
            self.ended, self.error = True, self._result
        else:
            self.chunk = self._result
