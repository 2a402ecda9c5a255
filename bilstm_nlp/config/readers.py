"""Readers of series: what a time step of the encoder is."""

from __future__ import annotations

from typing import Literal

from bilstm_nlp.config.sections import Positive, Section


class StepReaderConfig(Section):
    """Each row is a time step of the encoder."""

    kind: Literal["steps"] = "steps"


class PatchReaderConfig(Section):
    """Each patch of neighbouring rows is a time step of the encoder (Nie et al. 2023)."""

    kind: Literal["patches"] = "patches"
    length: Positive = 24
    """Number of rows in a patch."""
    stride: Positive = 24
    """Number of rows from one patch to the next."""
    size: Positive = 128
    """Size of the projection of a patch."""
