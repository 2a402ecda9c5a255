"""Figures of tagged corpora, and complaints about them, before training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from itertools import chain
from typing import Any, Literal

from bilstm_nlp.config.corpora import DevShare
from bilstm_nlp.data.lines import Complain
from bilstm_nlp.data.remarks import Note, Remark
from bilstm_nlp.data.text.formats.corpus import (
    NoSentences,
    Sentence,
    TaggedCorpus,
    checked,
    converted,
    line_of,
    missing_type,
)
from bilstm_nlp.data.text.sentence import place_of
from bilstm_nlp.data.text.tokenizer import Cut, offsets
from bilstm_nlp.data.text.vocabulary import Coverage, WordTable
from bilstm_nlp.data.text.word_vectors import Pretrained
from bilstm_nlp.errors import DataError, InputError, excerpt
from bilstm_nlp.reports.sections import Row, Section, Table
from bilstm_nlp.tags import Detection, Scheme, parse, spans, type_name, violations
from bilstm_nlp.tasks.inspection import Complaint
from bilstm_nlp.tasks.tagging.feature_figures import FeatureFigures, FeatureInspection, feature_rows
from bilstm_nlp.tasks.tagging.schemes import recognised

TYPES_SHOWN = 60
"""Types or labels in the table."""

Source = str | tuple[str, ...] | DevShare
"""What the config names as a corpus."""
Reader = Callable[[Source, Scheme | Literal["auto"], Complain, Note], TaggedCorpus]
"""(source, scheme of the files, complain, note) → corpus. Raises `DataError`."""


@dataclass(frozen=True)
class CorpusFigures:
    """One corpus in figures."""

    source: str
    scheme: Detection
    """Detected from this corpus alone."""
    sentences: int
    tokens: int
    documents: int
    """Number of documents, as -DOCSTART- lines separate them; 0 without such lines."""
    entities: dict[str, int]
    """By type; of plain labels, the tokens of each."""
    longest: int
    """Tokens of the longest sentence."""
    longest_line: int
    coverage: Coverage | None
    features: FeatureFigures


@dataclass
class CorpusInspection:
    """Figures by the name of the corpus, the training corpus first, and complaints in the order of files and lines."""

    scheme: Scheme | None = None
    """The scheme in which all corpora are read: the config's, or that of the training corpus."""
    corpora: dict[str, CorpusFigures] = field(default_factory=dict)
    complaints: list[Complaint] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:
        """Return the figures as JSON."""
        return {"scheme": self.scheme, "corpora": {name: asdict(figures) for name, figures in self.corpora.items()}}

    def sections(self) -> list[Section]:
        """Return the figures as one table, with a column for each corpus."""
        if not self.corpora:
            return []
        corpora = self.corpora.values()
        rows: list[Row] = [
            ("sentences", *(f"{figures.sentences:,}" for figures in corpora)),
            ("tokens", *(f"{figures.tokens:,}" for figures in corpora)),
            ("documents", *(f"{figures.documents:,}" if figures.documents else "–" for figures in corpora)),
            ("longest sentence", *(f"{figures.longest:,} tokens" for figures in corpora)),
            ("  its line", *(str(figures.longest_line) for figures in corpora)),
            *self._type_rows(),
        ]
        known = [figures.coverage for figures in corpora if figures.coverage is not None]
        if known:
            rows += [
                ("tokens with a vector", *(_percentage(coverage.tokens_found, coverage.tokens) for coverage in known)),
                ("words with a vector", *(_percentage(coverage.types_found, coverage.types) for coverage in known)),
            ]
        rows += feature_rows([figures.features for figures in corpora])
        sources = "\n".join(f"{name}: {of.source}\n  {of.scheme.explanation}" for name, of in self.corpora.items())
        return [Section(f"Tags are read as {self.scheme}", [sources, Table("", ("", *self.corpora), rows)])]

    def _type_rows(self) -> Iterator[Row]:
        """Yield the number of entities of each type, or of tokens of each plain label, the most frequent first."""
        counts = [figures.entities for figures in self.corpora.values()]
        types = sorted(set().union(*counts))
        if self.scheme == "plain":
            yield ("labels", *(f"{len(of_corpus):,}" for of_corpus in counts))
            types.sort(key=lambda kind: -counts[0].get(kind, 0))
        else:
            yield ("entities", *(f"{sum(of_corpus.values()):,}" for of_corpus in counts))
        for kind in types[:TYPES_SHOWN]:
            yield (f"  {type_name(kind)}", *(f"{of_corpus.get(kind, 0):,}" for of_corpus in counts))
        if len(types) > TYPES_SHOWN:
            yield (f"  … and {len(types) - TYPES_SHOWN:,} more; --json lists all", *("" for _ in counts))


def _percentage(part: int, whole: int) -> str:
    return f"{part / whole:.1%}"


def tokenizer_complaints(cut: Cut) -> list[Complaint]:
    """Complain of a tokenizer that can't be imported."""
    try:
        offsets("", cut)
    except InputError as error:
        return [Complaint("config", None, str(error), wrong=True)]
    return []


def inspect_corpora(
    sources: Mapping[str, Source],
    read: Reader,
    *,
    file_scheme: Scheme | Literal["auto"] = "auto",
    on_invalid: Literal["error", "repair"] = "error",
    vectors: Callable[[], Pretrained | None] = lambda: None,
    features: FeatureInspection | None = None,
) -> CorpusInspection:
    """Inspect corpora by name. The first one is the training corpus.

    A line that can't be read becomes a complaint, and the figures are those of all other lines. A file of `vectors`
    that can't be read becomes a complaint too.
    """
    inspection = CorpusInspection(scheme=None if file_scheme == "auto" else file_scheme)
    complaints = inspection.complaints

    def unreadable(error: DataError) -> None:
        complaints.append(Complaint.of(error))

    def remarked(remark: Remark) -> None:
        complaints.append(Complaint(remark.source, remark.line, remark.message, False, remark.kind))

    pretrained: Pretrained | None = None
    try:
        pretrained = vectors()
    except DataError as error:
        unreadable(error)
    words: WordTable | None = None
    features = features or FeatureInspection()
    corpora: dict[str, TaggedCorpus] = {}
    for name, source in sources.items():
        try:
            before = sum(complaint.wrong for complaint in complaints)
            corpus = read(source, inspection.scheme or "auto", unreadable, remarked)
        except DataError as error:
            # If each sentence has a complaint of its own, their number says that none is left.
            if not isinstance(error, NoSentences) or before == sum(complaint.wrong for complaint in complaints):
                unreadable(error)
            continue
        recognition = recognised(corpus, repair=on_invalid == "repair")
        detection = recognition.detection
        inspection.scheme = inspection.scheme or detection.scheme
        # A small corpus may fit several schemes. It is read in that of the training corpus if this one fits.
        own = detection.scheme_or(inspection.scheme) if file_scheme == "auto" else inspection.scheme
        if pretrained is not None:
            words = words or WordTable.build(_forms_of(corpus), pretrained)
        features.fit(corpus.sentences, unreadable)
        inspection.corpora[name] = _figures_of(corpus, detection, own, words, features)
        if recognition.refusal is not None and file_scheme != "plain":
            complaints.append(Complaint.of(recognition.refusal, "tags that are nearly those of a scheme"))
        else:
            complaints += _tag_complaints(corpus, own, on_invalid)
        if file_scheme == "auto":
            complaints += [Complaint(corpus.source, None, remark, False, "tags") for remark in recognition.remarks]
        complaints += _repeated_sentences(corpus)
        if own != inspection.scheme:
            message = f"tags of {own}, converted to the training corpus's {inspection.scheme}"
            complaints.append(Complaint(corpus.source, None, message, False, "corpora in another scheme"))
        corpora[name] = converted(corpus, own, inspection.scheme)
    train = corpora.pop(next(iter(sources)), None)
    if train is not None and inspection.scheme is not None:
        for name, corpus in corpora.items():
            complaints += _unknown_types(train, corpus, inspection.scheme, name)
            complaints += _shared_sentences(train, corpus, name)
    return inspection


def _forms_of(corpus: TaggedCorpus) -> Counter[str]:
    return Counter(chain.from_iterable(sentence.tokens for sentence in corpus.sentences))


def _figures_of(
    corpus: TaggedCorpus,
    detection: Detection,
    scheme: Scheme,
    words: WordTable | None,
    features: FeatureInspection,
) -> CorpusFigures:
    """Count a corpus, with its tags read in a scheme."""
    longest = max(corpus.sentences, key=lambda sentence: len(sentence.tokens))
    types = Counter(span.type for sentence in corpus.sentences for span in spans(sentence.tags or (), scheme))
    return CorpusFigures(
        source=corpus.source,
        scheme=detection,
        sentences=len(corpus.sentences),
        tokens=sum(len(sentence.tokens) for sentence in corpus.sentences),
        documents=len({sentence.document for sentence in corpus.sentences} - {0}),
        entities=dict(sorted(types.items())),
        longest=len(longest.tokens),
        longest_line=longest.line,
        coverage=None if words is None else words.coverage(_forms_of(corpus)),
        features=features.figures(corpus.sentences, scheme),
    )


def _tag_complaints(
    corpus: TaggedCorpus, scheme: Scheme, on_invalid: Literal["error", "repair"]
) -> Iterator[Complaint]:
    """Yield every tag that breaks the scheme, or, if tags are to be repaired, every changed tag as a remark.

    A tag of no scheme has no repair.
    """
    unknown = False
    for sentence in corpus.sentences:
        if sentence.tags is None:
            unknown = True
            yield Complaint(place_of(sentence, corpus.source), sentence.line, "no tags", True, "sentences without tags")
        for violation in violations(sentence.tags or (), scheme):
            unknown = unknown or parse(violation.tag, scheme) is None
            if on_invalid == "error" or parse(violation.tag, scheme) is None:
                line = line_of(sentence, violation.index)
                yield Complaint(
                    place_of(sentence, corpus.source), line, violation.reason, True, f"tags that break {scheme}"
                )
    if (error := missing_type(corpus, scheme)) is not None:
        yield Complaint.of(error, "tags without a type")
    elif on_invalid == "repair" and not unknown:
        for change in checked(corpus, scheme, "repair")[1]:
            message = f"{change.before} becomes {change.after}"
            yield Complaint(
                change.source or corpus.source, change.line, message, False, f"tags that break {scheme}, repaired"
            )


def _repeated_sentences(corpus: TaggedCorpus) -> Iterator[Complaint]:
    """Yield repeated sentences. If their tags differ, one of the two may be wrong."""
    seen: dict[tuple[str, ...], Sentence] = {}
    for sentence in corpus.sentences:
        earlier = seen.setdefault(sentence.tokens, sentence)
        if earlier is sentence:
            continue
        file = "" if earlier.source == sentence.source else f" of {earlier.source}"
        place = place_of(sentence, corpus.source)
        if earlier.tags == sentence.tags:
            message = f"line {earlier.line}{file} again: {excerpt(' '.join(sentence.tokens))}"
            yield Complaint(place, sentence.line, message, False, "repeated sentences")
        else:
            pairs = enumerate(zip(earlier.tags or (), sentence.tags or (), strict=True))
            index, (before, now) = next((index, pair) for index, pair in pairs if pair[0] != pair[1])
            message = f"{sentence.tokens[index]} is {now}, but {before} in line {line_of(earlier, index)}{file}: "
            message += excerpt(" ".join(sentence.tokens))
            line = line_of(sentence, index)
            yield Complaint(place, line, message, False, "repeated sentences with other tags")


def _shared_sentences(train: TaggedCorpus, other: TaggedCorpus, name: str) -> Iterator[Complaint]:
    """Yield sentences that the training corpus has too."""
    seen = {sentence.tokens: sentence for sentence in reversed(train.sentences)}
    for sentence in other.sentences:
        if (same := seen.get(sentence.tokens)) is not None:
            message = f"line {same.line} of {place_of(same, train.source)}: {excerpt(' '.join(sentence.tokens))}"
            place = place_of(sentence, other.source)
            yield Complaint(place, sentence.line, message, False, f"sentences of {name} that train has too")


def _unknown_types(train: TaggedCorpus, other: TaggedCorpus, scheme: Scheme, name: str) -> Iterator[Complaint]:
    """Yield entity types that no training sentence has: a model misses all of them."""
    known = _first_places(train, scheme)
    for kind, (place, line) in _first_places(other, scheme).items():
        if kind not in known:
            message = f"{type_name(kind)} is none of {', '.join(map(type_name, known)) or 'no types'}"
            # A rare label of a large set may be missing by chance, and costs a few tokens.
            wrong = scheme != "plain"
            yield Complaint(place, line, message, wrong, f"types of {name} that train does not have")


def _first_places(corpus: TaggedCorpus, scheme: Scheme) -> dict[str, tuple[str, int]]:
    """Map each entity type to the file and line of its first entity."""
    places: dict[str, tuple[str, int]] = {}
    for sentence in corpus.sentences:
        for span in spans(sentence.tags or (), scheme):
            places.setdefault(span.type, (place_of(sentence, corpus.source), line_of(sentence, span.start)))
    return places
