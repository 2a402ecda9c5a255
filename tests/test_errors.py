"""Messages stay in their lines, whatever they quote."""

from __future__ import annotations

import pytest

from bilstm_nlp.errors import ConfigError, DataError, InputError, RunError

WILD = "a\rb\x1b[2J\u2028\u202e\0\ud800é北"
TAME = r"a\rb\x1b[2J\u2028\u202e\x00\ud800é北"


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (InputError(WILD), TAME),
        (RunError(f"{WILD}\n"), rf"{TAME}\n"),
        (DataError("x", WILD, f"{WILD}\n", 3), rf"x:3: expected {TAME}, found {TAME}\n"),
        (ConfigError(WILD, [WILD, "b\n"]), f"{TAME}: 2 problems in the configuration\n  {TAME}\n  b\\n"),
    ],
)
def test_characters_that_move_the_cursor_are_escaped(error, message):
    assert str(error) == message
    assert str(type(error).__base__(message)) == message, "what is escaped stays as it is"
