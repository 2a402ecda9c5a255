"""Ctrl-C and SIGTERM during a training: noted once, raised at once before training and at the second signal."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from bilstm_nlp.training.interruption import SIGNALS, Interruption


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Begin with Python's own handler of each signal, and restore the present ones at the end."""
    before = {number: signal.signal(number, signal.default_int_handler) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_first_signal_after_a_question_stops_the_training(number, status):
    with Interruption() as interruption:
        assert not interruption()
        signal.raise_signal(number)
        assert interruption()
    assert interruption.received is number
    assert interruption.status == status


@pytest.mark.parametrize("number", SIGNALS)
def test_signal_before_any_question_raises_at_once(number):
    with Interruption() as interruption:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
        assert interruption.received is number


@pytest.mark.parametrize("second", SIGNALS)
def test_second_signal_raises_at_once(second):
    with Interruption() as interruption:
        interruption()
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(second)
        assert interruption.received is second


@pytest.mark.parametrize("number", SIGNALS)
def test_ignored_signal_stays_ignored(number):
    signal.signal(number, signal.SIG_IGN)
    with Interruption() as interruption:
        interruption()
        signal.raise_signal(number)
        assert not interruption()
        assert interruption.received is None
    assert signal.getsignal(number) is signal.SIG_IGN


def test_handlers_are_restored_at_the_end():
    def own(number: int, frame: object) -> None: ...

    signal.signal(signal.SIGTERM, own)
    with Interruption():
        assert signal.getsignal(signal.SIGTERM) is not own
    assert signal.getsignal(signal.SIGTERM) is own
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
