"""Detection of the scheme of a corpus from all its tags."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bilstm_nlp.tags.schemes import Scheme, SegmentScheme, broken_rule

PREFERENCE: tuple[SegmentScheme, ...] = ("IOB2", "IOB1", "IOBES", "BMES", "BILOU")
"""The schemes by how widely they are used, for corpora that fit several."""

PREFIX = re.compile("[BIEMSLUW]-.")
"""The beginning of a tag with the prefix of a scheme."""
LABELS_SHOWN = 3


@dataclass(frozen=True)
class Detection:
    """The detected scheme of a corpus."""

    scheme: Scheme
    candidates: tuple[Scheme, ...]
    """Every scheme that the tags fit; empty if they fit none."""
    explanation: str
    """Why `scheme` was chosen, in words."""

    def scheme_or(self, expected: Scheme) -> Scheme:
        """Return `expected` if the tags fit it or fit no scheme, else the detected scheme.

        Plain labels and segments are never taken for one another.
        """
        if "plain" in (expected, self.scheme) or expected in self.candidates or not self.candidates:
            return expected
        return self.scheme


def has_prefix(tag: str) -> bool:
    """Tell whether a tag begins with the prefix of a scheme.

    >>> has_prefix("B-PER"), has_prefix("NN-TL"), has_prefix("B")
    (True, False, False)
    """
    return PREFIX.match(tag) is not None


def detect(sequences: Iterable[Sequence[str]]) -> Detection:
    """Detect the scheme of a whole training corpus.

    If the tags fit several schemes, the first of `PREFERENCE` counts. If they fit none and no tag has a prefix, they
    are plain labels. Otherwise the scheme that the fewest pairs of neighbours break counts.

    >>> detect([["B-PER", "I-PER", "O"], ["B-LOC"]]).explanation
    'IOB2: the only scheme that all tags keep to'
    >>> detect([["DT", "NN"]]).scheme
    'plain'
    """
    pairs: Counter[tuple[str | None, str | None]] = Counter()
    for tags in sequences:
        pairs.update(zip((None, *tags), (*tags, None), strict=True))
    labels: Counter[str] = Counter()
    for (_, tag), count in pairs.items():
        if tag is not None:
            labels[tag] += count
    without_type = {tag for tag in labels if is_bare(tag)} if is_mixed(labels) else set()
    breaks = {
        scheme: sum(count for pair, count in pairs.items() if pair[1] in without_type or broken_rule(*pair, scheme))
        for scheme in PREFERENCE
    }
    candidates = tuple(scheme for scheme in PREFERENCE if breaks[scheme] == 0)
    if len(candidates) == 1:
        return Detection(candidates[0], candidates, f"{candidates[0]}: the only scheme that all tags keep to")
    if candidates:
        chosen = candidates[0]
        others = ", ".join(candidates[1:])
        if all(tag in ("O", None) for pair in pairs for tag in pair):
            reason = "there are no entities, so any scheme would do"
        else:
            reason = "no entity here is long enough to tell them apart"
        return Detection(chosen, candidates, f"{chosen}, though {others} would do as well: {reason}")
    if len(labels) > 1 and "" not in labels and not any(map(has_prefix, labels)):
        return Detection("plain", ("plain",), _plain(labels))
    chosen = min(PREFERENCE, key=lambda scheme: breaks[scheme])
    count = breaks[chosen]
    return Detection(
        chosen,
        (),
        f"{chosen}: no scheme admits all tags, and this one is broken the least, in {count:,} "
        f"{'place' if count == 1 else 'places'} of {sum(pairs.values()):,}",
    )


def _plain(labels: Counter[str]) -> str:
    """Explain why labels are plain, with the most frequent ones."""
    most = ", ".join(label for label, _ in labels.most_common(LABELS_SHOWN))
    return f"plain: no tag has a prefix such as B-; {len(labels):,} labels, {most} the most frequent"


def is_mixed(tags: Iterable[str]) -> bool:
    """Tell whether some tags are prefixes with a type and some are prefixes alone.

    >>> is_mixed(["B-PER", "O", "I"]), is_mixed(["B", "I", "O"])
    (True, False)
    """
    distinct = set(tags)
    return any(map(has_prefix, distinct)) and any(map(is_bare, distinct))


def is_bare(tag: str) -> bool:
    """Tell whether a tag is the prefix of a scheme alone."""
    return len(tag) == 1 and tag in "BIEMSLU"
