"""The meaning of a tagger's tags: segments, with types or without, or plain labels.

Scores, the choice of an epoch, figures and the words of reports depend on it. Everything else sees spans alone: a plain
label is a span of one token.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bilstm_nlp.data.text.codec import TaggingCodec
from bilstm_nlp.metrics.entities import EntityScores, breakdown, entity_scores
from bilstm_nlp.metrics.labels import SpanLists, confusion, micro_f1
from bilstm_nlp.metrics.plain_labels import WORD_GROUPS, label_scores
from bilstm_nlp.metrics.ratios import ratio
from bilstm_nlp.tags import Span, convert, encode, type_name
from bilstm_nlp.tasks.tagging.evaluation import Evaluation
from bilstm_nlp.tasks.tagging.results import LabelResults, ReadingDisagreement, Results, SegmentResults
from bilstm_nlp.tasks.tagging.words import ENTITIES, LABELS, Words
from bilstm_nlp.training.protocols import Score

DISAGREEMENTS_SHOWN = 10
"""Spans listed in the results that only one of the two readings counts."""


class Meaning(Protocol):
    """What spans of tags mean."""

    @property
    def words(self) -> Words:
        """The words of reports."""
        ...

    @property
    def measures(self) -> tuple[str, ...]:
        """The names of the score by which models are compared; the first chooses the epoch to keep."""
        ...

    def score(self, gold: SpanLists, predicted: SpanLists) -> Score:
        """Score predictions, to choose an epoch."""
        ...

    def results(self, evaluation: Evaluation) -> Results:
        """Compute every figure of an evaluation."""
        ...


def meaning_of(codec: TaggingCodec) -> Meaning:
    """Return the meaning of a codec's tags."""
    return Labels() if codec.file_scheme == "plain" else Segments()


class Segments:
    """Entities, chunks, words: stretches of tokens that are right if type and boundaries are."""

    words = ENTITIES
    measures = ("f1",)

    def score(self, gold: SpanLists, predicted: SpanLists) -> Score:
        """Score by F1. Without gold segments there is nothing to choose an epoch by."""
        result = micro_f1(gold, predicted)
        figures = {"precision": result.precision, "recall": result.recall, "f1": result.f1}
        return Score("f1", result.f1 or 0.0, True, figures, undecided=result.support == 0)

    def results(self, evaluation: Evaluation) -> SegmentResults:
        """Compute the figures of segments."""
        corpus, codec = evaluation.corpus, evaluation.codec
        gold_tags = [convert(sentence.tags or (), codec.file_scheme, codec.scheme) for sentence in corpus.sentences]
        scores = entity_scores(gold_tags, evaluation.predicted_tags, codec.scheme)
        tokens = [sentence.tokens for sentence in corpus.sentences]
        gold, predicted = named(evaluation.gold), named(evaluation.predicted)
        groups = breakdown(evaluation.gold, evaluation.predicted, tokens, codec.entities)
        return SegmentResults(
            source=corpus.source,
            sentences=scores.sentences,
            tokens=scores.tokens,
            precision=scores.conlleval.precision,
            recall=scores.conlleval.recall,
            f1=scores.conlleval.f1,
            precision_strict=scores.strict.precision,
            recall_strict=scores.strict.recall,
            f1_strict=scores.strict.f1,
            macro_f1=scores.macro_f1,
            token_accuracy=_accuracy_of_file_tags(evaluation),
            per_type={type_name(kind): score for kind, score in scores.per_type.items()},
            disagreements=_reading_disagreements(evaluation, scores),
            by_novelty=groups.by_novelty,
            by_length=groups.by_length,
            confusion=confusion(gold, predicted),
            calibration=evaluation.calibration(),
        )


class Labels:
    """Plain labels: every token has one."""

    words = LABELS
    # F1 over labels of all tokens is their accuracy. Comparisons of configs that detect the scheme ask for it.
    measures = ("accuracy", "f1")

    def score(self, gold: SpanLists, predicted: SpanLists) -> Score:
        """Score by the share of right labels."""
        accuracy = micro_f1(gold, predicted).recall
        return Score("accuracy", accuracy or 0.0, True, {"accuracy": accuracy})

    def results(self, evaluation: Evaluation) -> LabelResults:
        """Compute the figures of labels."""
        corpus = evaluation.corpus
        tokens = [sentence.tokens for sentence in corpus.sentences]
        scores = label_scores(evaluation.gold, evaluation.predicted, tokens, evaluation.codec.entities)
        return LabelResults(
            source=corpus.source,
            sentences=len(corpus.sentences),
            tokens=scores.all.tokens,
            accuracy=scores.all.accuracy,
            accuracy_unknown=scores.by_word[WORD_GROUPS[-1]].accuracy,
            macro_f1=scores.macro_f1,
            sentence_accuracy=scores.sentences_right.accuracy,
            by_word=scores.by_word,
            per_label=scores.per_label,
            confusion=scores.confusion,
            calibration=evaluation.calibration(),
        )


def named(lists: SpanLists) -> Sequence[Sequence[Span]]:
    """Name the type of segments without types."""
    return [[span._replace(type=type_name(span.type)) for span in spans] for spans in lists]


def _accuracy_of_file_tags(evaluation: Evaluation) -> float | None:
    """Return the share of tokens whose tag in the files' scheme is right, as conlleval counts it."""
    scheme = evaluation.codec.file_scheme
    right = tokens = 0
    for sentence, entities in zip(evaluation.corpus.sentences, evaluation.predicted, strict=True):
        gold = sentence.tags or ()
        right += sum(tag == own for tag, own in zip(encode(entities, len(gold), scheme), gold, strict=True))
        tokens += len(gold)
    return ratio(right, tokens)


def _reading_disagreements(evaluation: Evaluation, scores: EntityScores) -> list[ReadingDisagreement]:
    """Return the first spans that only one of the two readings counts."""
    shown = []
    for case in scores.disagreements[:DISAGREEMENTS_SHOWN]:
        sentence = evaluation.corpus.sentences[case.sentence]
        text = " ".join(sentence.tokens[case.span.start : case.span.end])
        shown.append(ReadingDisagreement(sentence.line, case.side, case.reading, type_name(case.span.type), text))
    return shown
