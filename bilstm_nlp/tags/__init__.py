"""The meaning of tags: schemes of segments, plain labels, and tags that are nearly those of a scheme.

Knows nothing else of the package.
"""

from __future__ import annotations

from bilstm_nlp.tags.detection import PREFERENCE, Detection, detect, has_prefix, is_bare, is_mixed
from bilstm_nlp.tags.reading import FORMATS, TagFormat, TagReading
from bilstm_nlp.tags.schemes import (
    ROLES,
    SCHEMES,
    UNTYPED,
    Legality,
    Scheme,
    SegmentScheme,
    Span,
    Violation,
    broken_rule,
    continuing,
    convert,
    encode,
    legal_transitions,
    parse,
    repair,
    spans,
    spell,
    tag_set,
    training_scheme,
    type_name,
    violations,
)
from bilstm_nlp.tags.similar import Offer, offered

__all__ = [
    "FORMATS",
    "PREFERENCE",
    "ROLES",
    "SCHEMES",
    "UNTYPED",
    "Detection",
    "Legality",
    "Offer",
    "Scheme",
    "SegmentScheme",
    "Span",
    "TagFormat",
    "TagReading",
    "Violation",
    "broken_rule",
    "continuing",
    "convert",
    "detect",
    "encode",
    "has_prefix",
    "is_bare",
    "is_mixed",
    "legal_transitions",
    "offered",
    "parse",
    "repair",
    "spans",
    "spell",
    "tag_set",
    "training_scheme",
    "type_name",
    "violations",
]
