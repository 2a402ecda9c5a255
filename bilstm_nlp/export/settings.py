"""The settings of an export. Knows no torch."""

from __future__ import annotations

from dataclasses import dataclass

from bilstm_nlp.errors import InputError

OPSETS = (17, 21)
"""The oldest opset with layer normalisation, and the newest that the graphs were compared with torch in."""


@dataclass(frozen=True)
class ExportSettings:
    """The settings of an export.

    Raises `InputError` for an opset out of range.

    >>> ExportSettings(opset=9)
    Traceback (most recent call last):
    bilstm_nlp.errors.InputError: --opset: expected 17 to 21, found 9
    """

    opset: int = OPSETS[0]
    int8: bool = False
    """Round the weights of LSTM layers to 8 bits."""
    tolerance: float | None = None
    """The loss of the development score that 8 bits may cost, in points; of an error in percent. None: the default."""

    def __post_init__(self) -> None:
        if not OPSETS[0] <= self.opset <= OPSETS[1]:
            raise InputError(f"--opset: expected {OPSETS[0]} to {OPSETS[1]}, found {self.opset}")
