"""An ensemble: several trained taggers with the same tags, as one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from bilstm_nlp.data.text.feature_columns import names_of
from bilstm_nlp.data.text.formats.corpus import TaggedCorpus
from bilstm_nlp.errors import InputError
from bilstm_nlp.tasks.request import Request
from bilstm_nlp.tasks.tagging.decoder import ModelDecoder
from bilstm_nlp.tasks.tagging.ensemble_decoder import EnsembleDecoder
from bilstm_nlp.tasks.tagging.predictor import Tagger
from bilstm_nlp.tasks.tagging.sentence_tagger import SentenceTagger
from bilstm_nlp.tasks.tagging.stream import Reading


class TaggerEnsemble(SentenceTagger):
    """Several trained taggers as one: the best legal tags under the mean of their marginals.

    Vocabularies, embeddings, heads and contexts may differ. `EnsembleDecoder` defines tags and probabilities. The
    score of an entity is the mean of the taggers' exact probabilities, calibrated as a whole at the first call.
    Alternatives are the legal sequences with the greatest products of mean marginals. Their probabilities are these
    products as shares of all legal sequences.

        ensemble = bilstm_nlp.load_ensemble(["runs/a", "runs/b"])
        ensemble.tag("EU rejects German call.")
    """

    def __init__(
        self,
        taggers: Sequence[Tagger],
        names: Sequence[str] | None = None,
        development: Callable[[], TaggedCorpus] | None = None,
    ) -> None:
        """`names`: those of the taggers, for messages.

        `development` reads the taggers' common development section, to which probabilities are calibrated. Without it,
        each tagger has its own calibration alone.
        Raises `InputError` if there are no taggers, or if they differ in tags, schemes, cut of text or columns.
        """
        if not taggers:
            raise InputError("ensemble: expected trained taggers, found none")
        _check_alike(taggers, names or [f"tagger {number}" for number in range(1, len(taggers) + 1)])
        self.members = list(taggers)
        self.ensemble = EnsembleDecoder([ModelDecoder(tagger.network, tagger.codec) for tagger in taggers], development)
        super().__init__(self.ensemble, taggers[0].format)

    def __repr__(self) -> str:
        """Describe the ensemble by its size and its first member."""
        return f"<TaggerEnsemble: mean of {len(self.members)}: {self.members[0]!r}>"

    def predictions(self, request: Request) -> Iterator[bytes]:
        """Tag a file, or standard input. What was read before a faulty line is tagged before its `InputError`."""
        self._prepare(request)
        return super().predictions(request)

    def reading(self, request: Request) -> Reading:
        """Decide how to read a request's source. Raises `InputError` for a request that can't be met."""
        reading = super().reading(request)
        self._prepare(request)
        return reading

    def _prepare(self, request: Request) -> None:
        """Calibrate before anything is read, if probabilities of entities are asked for."""
        if request.confidence or request.min_confidence or request.format == "html":
            _ = self.ensemble.temperature


def _columns(tagger: Tagger) -> str:
    """Name the columns that are features of a tagger."""
    return names_of(tagger.format.features) if tagger.format.features else "none"


def _check_alike(taggers: Sequence[Tagger], names: Sequence[str]) -> None:
    """Raise `InputError` for a tagger that differs from the first in what an ensemble must share."""
    first = taggers[0]
    for name, tagger in zip(names[1:], taggers[1:], strict=True):
        for what, expected, other in (
            ("tags in the scheme", first.codec.scheme, tagger.codec.scheme),
            ("files with tags in the scheme", first.codec.file_scheme, tagger.codec.file_scheme),
            ("text cut into", first.codec.cut.unit, tagger.codec.cut.unit),
            ("data.tokenizer", first.codec.cut.module, tagger.codec.cut.module),
            ("data.token_column", first.format.token, tagger.format.token),
            ("data.tag_column", first.format.tag, tagger.format.tag),
            ("embeddings.columns", _columns(first), _columns(tagger)),
            ("data.comment", first.format.comment, tagger.format.comment),
            ("data.encoding", first.format.encoding, tagger.format.encoding),
        ):
            if expected != other:
                raise InputError(f"{name}: expected {what} {expected}, as {names[0]} has, found {other}")
        expected_tags, tags = set(first.codec.tags), set(tagger.codec.tags)
        if expected_tags != tags:
            differences = [
                *(f"none of {tag}" for tag in sorted(expected_tags - tags)),
                *(f"{tag} besides" for tag in sorted(tags - expected_tags)),
            ]
            raise InputError(f"{name}: expected the tags of {names[0]}, found {', '.join(differences)}")
