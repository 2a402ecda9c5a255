"""What is in tagged corpora, and what is wrong with them, before anybody trains."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from itertools import chain
from typing import Any, Literal

from bilstm_nlp.data.lines import Complain
from bilstm_nlp.data.text.corpus import Sentence, TaggedCorpus, checked, converted, line_of
from bilstm_nlp.data.text.vocabulary import Coverage, WordTable
from bilstm_nlp.data.text.word_vectors import Pretrained
from bilstm_nlp.errors import DataError
from bilstm_nlp.reports.sections import Row, Section, Table
from bilstm_nlp.tags import Detection, Scheme, detect, parse, spans, violations
from bilstm_nlp.tasks.inspection import Complaint

Reader = Callable[[str, Scheme | Literal["auto"], Complain], TaggedCorpus]
"""(source, scheme of the files, complain) → corpus. Raises `DataError`."""


@dataclass(frozen=True)
class CorpusFigures:
    """One corpus in figures."""

    source: str
    scheme: Detection
    """As this corpus alone shows it."""
    sentences: int
    tokens: int
    documents: int
    """Parted by -DOCSTART- lines; 0 where there are none."""
    entities: dict[str, int]
    """By type."""
    longest: int
    """Tokens of the longest sentence."""
    longest_line: int
    coverage: Coverage | None


@dataclass
class CorpusInspection:
    """All corpora by name, the training corpus first, and all complaints in the order of files and lines."""

    scheme: Scheme | None = None
    """In which all corpora are read: the config's, or that of the training corpus."""
    corpora: dict[str, CorpusFigures] = field(default_factory=dict)
    complaints: list[Complaint] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:
        """All but the complaints, as JSON."""
        return {"scheme": self.scheme, "corpora": {name: asdict(figures) for name, figures in self.corpora.items()}}

    def sections(self) -> list[Section]:
        """All but the complaints, as one table with a column a corpus."""
        if not self.corpora:
            return []
        corpora = self.corpora.values()
        types = sorted(set().union(*(figures.entities for figures in corpora)))
        rows: list[Row] = [
            ("sentences", *(f"{figures.sentences:,}" for figures in corpora)),
            ("tokens", *(f"{figures.tokens:,}" for figures in corpora)),
            ("documents", *(f"{figures.documents:,}" if figures.documents else "–" for figures in corpora)),
            ("longest sentence", *(f"{figures.longest:,} tokens" for figures in corpora)),
            ("  its line", *(str(figures.longest_line) for figures in corpora)),
            ("entities", *(f"{sum(figures.entities.values()):,}" for figures in corpora)),
            *((f"  {kind}", *(f"{figures.entities.get(kind, 0):,}" for figures in corpora)) for kind in types),
        ]
        known = [figures.coverage for figures in corpora if figures.coverage is not None]
        if known:
            rows += [
                ("tokens with a vector", *(share(found.tokens_found, found.tokens) for found in known)),
                ("words with a vector", *(share(found.types_found, found.types) for found in known)),
            ]
        sources = "\n".join(f"{name}: {of.source}\n  {of.scheme.explanation}" for name, of in self.corpora.items())
        return [Section(f"Tags are read as {self.scheme}", [sources, Table("", ("", *self.corpora), rows)])]


def share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}"


def inspect_corpora(
    sources: Mapping[str, str],
    read: Reader,
    *,
    file_scheme: Scheme | Literal["auto"] = "auto",
    on_invalid: Literal["error", "repair"] = "error",
    vectors: Callable[[], Pretrained | None] = lambda: None,
) -> CorpusInspection:
    """Look at corpora by name, the first being the training corpus.

    Lines that can't be read are complaints, and the figures are those of all others; so are vectors.
    """
    inspection = CorpusInspection(scheme=None if file_scheme == "auto" else file_scheme)
    complaints = inspection.complaints

    def unreadable(error: DataError) -> None:
        complaints.append(Complaint.of(error))

    pretrained: Pretrained | None = None
    try:
        pretrained = vectors()
    except DataError as error:
        unreadable(error)
    words: WordTable | None = None
    corpora: dict[str, TaggedCorpus] = {}
    for name, source in sources.items():
        try:
            corpus = read(source, inspection.scheme or "auto", unreadable)
        except DataError as error:
            unreadable(error)
            continue
        found = detect(sentence.tags or () for sentence in corpus.sentences)
        inspection.scheme = inspection.scheme or found.scheme
        # Another corpus may be too small to tell: it is read in the scheme of the first if that will do.
        own = found.scheme_or(inspection.scheme) if file_scheme == "auto" else inspection.scheme
        if pretrained is not None:
            words = words or WordTable.build(forms_of(corpus), pretrained)
        inspection.corpora[name] = figures_of(corpus, found, own, words)
        complaints += tag_complaints(corpus, own, on_invalid)
        complaints += repeated(corpus)
        if own != inspection.scheme:
            message = f"tags of {own}, converted to the training corpus's {inspection.scheme}"
            complaints.append(Complaint(source, None, message, False, "corpora in another scheme"))
        corpora[name] = converted(corpus, own, inspection.scheme)
    train = corpora.pop(next(iter(sources)), None)
    if train is not None and inspection.scheme is not None:
        for name, corpus in corpora.items():
            complaints += unknown_types(train, corpus, inspection.scheme, name)
            complaints += shared_sentences(train, corpus, name)
    return inspection


def forms_of(corpus: TaggedCorpus) -> Counter[str]:
    return Counter(chain.from_iterable(sentence.tokens for sentence in corpus.sentences))


def figures_of(corpus: TaggedCorpus, found: Detection, scheme: Scheme, words: WordTable | None) -> CorpusFigures:
    """A corpus in figures, its tags read in a scheme."""
    longest = max(corpus.sentences, key=lambda sentence: len(sentence.tokens))
    types = Counter(span.type for sentence in corpus.sentences for span in spans(sentence.tags or (), scheme))
    return CorpusFigures(
        source=corpus.source,
        scheme=found,
        sentences=len(corpus.sentences),
        tokens=sum(len(sentence.tokens) for sentence in corpus.sentences),
        documents=len({sentence.document for sentence in corpus.sentences} - {0}),
        entities=dict(sorted(types.items())),
        longest=len(longest.tokens),
        longest_line=longest.line,
        coverage=None if words is None else words.coverage(forms_of(corpus)),
    )


def tag_complaints(corpus: TaggedCorpus, scheme: Scheme, on_invalid: Literal["error", "repair"]) -> Iterator[Complaint]:
    """Every tag that breaks the scheme, or, as remarks, what its repair changes; tags of no scheme have no repair."""
    unknown = False
    for sentence in corpus.sentences:
        for violation in violations(sentence.tags or (), scheme):
            unknown = unknown or parse(violation.tag, scheme) is None
            if on_invalid == "error" or parse(violation.tag, scheme) is None:
                line = line_of(sentence, violation.index)
                yield Complaint(corpus.source, line, violation.reason, True, f"tags that break {scheme}")
    if on_invalid == "repair" and not unknown:
        for change in checked(corpus, scheme, "repair")[1]:
            message = f"{change.before} becomes {change.after}"
            yield Complaint(corpus.source, change.line, message, False, f"tags that break {scheme}, repaired")


def repeated(corpus: TaggedCorpus) -> Iterator[Complaint]:
    """Sentences that come again; where the tags differ, one of the two may well be wrong."""
    seen: dict[tuple[str, ...], Sentence] = {}
    for sentence in corpus.sentences:
        earlier = seen.setdefault(sentence.tokens, sentence)
        if earlier is sentence:
            continue
        if earlier.tags == sentence.tags:
            message = f"line {earlier.line} again: {excerpt(sentence.tokens)}"
            yield Complaint(corpus.source, sentence.line, message, False, "repeated sentences")
        else:
            pairs = enumerate(zip(earlier.tags or (), sentence.tags or (), strict=True))
            index, (before, now) = next((index, pair) for index, pair in pairs if pair[0] != pair[1])
            message = f"{sentence.tokens[index]} is {now}, but {before} in line {line_of(earlier, index)}: "
            message += excerpt(sentence.tokens)
            line = line_of(sentence, index)
            yield Complaint(corpus.source, line, message, False, "repeated sentences with other tags")


def shared_sentences(train: TaggedCorpus, other: TaggedCorpus, name: str) -> Iterator[Complaint]:
    """Sentences that the training corpus has as well."""
    seen = {sentence.tokens: sentence.line for sentence in reversed(train.sentences)}
    for sentence in other.sentences:
        if sentence.tokens in seen:
            message = f"line {seen[sentence.tokens]} of {train.source}: {excerpt(sentence.tokens)}"
            yield Complaint(other.source, sentence.line, message, False, f"sentences of {name} that train has too")


def unknown_types(train: TaggedCorpus, other: TaggedCorpus, scheme: Scheme, name: str) -> Iterator[Complaint]:
    """Entity types that no training sentence has: a model can't but miss them."""
    known = first_lines(train.sentences, scheme)
    for kind, line in first_lines(other.sentences, scheme).items():
        if kind not in known:
            message = f"{kind} is none of {', '.join(known) or 'no types'}"
            yield Complaint(other.source, line, message, True, f"types of {name} that train does not have")


def first_lines(sentences: Iterable[Sentence], scheme: Scheme) -> dict[str, int]:
    """Entity type → line of its first entity."""
    lines: dict[str, int] = {}
    for sentence in sentences:
        for span in spans(sentence.tags or (), scheme):
            lines.setdefault(span.type, line_of(sentence, span.start))
    return lines


def excerpt(tokens: tuple[str, ...]) -> str:
    text = " ".join(tokens)
    return text if len(text) <= 60 else text[:60] + "…"
