"""The tagging task: corpora in, codec and model, scores out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bilstm_nlp.config.corpora import DevShare
from bilstm_nlp.config.tagging import TaggingConfig
from bilstm_nlp.data.text.codec import TaggingCodec
from bilstm_nlp.data.text.formats.corpus import TaggedCorpus
from bilstm_nlp.reports.sections import Section
from bilstm_nlp.tasks.base import Predictor
from bilstm_nlp.tasks.request import ErrorsPage
from bilstm_nlp.tasks.tagging import errors_page, report
from bilstm_nlp.tasks.tagging.data import CorpusLoader, Files
from bilstm_nlp.tasks.tagging.decoder import Decoder
from bilstm_nlp.tasks.tagging.errors import wrong_entities
from bilstm_nlp.tasks.tagging.evaluation import Evaluation
from bilstm_nlp.tasks.tagging.feature_figures import FeatureInspection, say_differences
from bilstm_nlp.tasks.tagging.file_format import column_format, gazetteers_reader
from bilstm_nlp.tasks.tagging.inspection import CorpusInspection, inspect_corpora, tokenizer_complaints
from bilstm_nlp.tasks.tagging.meaning import meaning_of
from bilstm_nlp.tasks.tagging.predictor import Tagger
from bilstm_nlp.tasks.vectors import pretrained_vectors

if TYPE_CHECKING:
    from bilstm_nlp.tasks.tagging.prepared import PreparedTagging


class TaggingTask:
    """The tagging task: one tag for each token."""

    def __init__(self, config: TaggingConfig) -> None:
        self.config = config
        self.format = column_format(config)
        self.loader = CorpusLoader(config.data, self.format, config.seed)

    def prepare(self, trained: Predictor | None = None) -> PreparedTagging:
        """Read the corpora, seed, build the vocabularies and make the model; or take those of a trained tagger."""
        from bilstm_nlp.tasks.tagging import preparing

        if trained is None:
            return preparing.fitted(self.config, self.loader.load())
        assert isinstance(trained, Tagger)
        return preparing.trained(self.config, self.loader.load(trained.codec.cut), trained)

    def prepare_from(self, parent: Predictor) -> PreparedTagging:
        """Read the corpora, seed, extend the vocabularies of a trained tagger, and make a model with its weights."""
        from bilstm_nlp.tasks.tagging import preparing

        assert isinstance(parent, Tagger)
        return preparing.inherited(self.config, self.loader.load(parent.codec.cut), parent)

    def inspect(self, source: str | None = None) -> CorpusInspection:
        """Describe the config's corpora, or another corpus that is read in the same way."""
        data = self.config.data
        parts: dict[str, Files | DevShare] = {"train": data.train, "dev": data.dev}
        parts |= {} if data.test is None else {"test": data.test}
        read = gazetteers_reader(self.config.embeddings, self.loader.cut_of)
        inspection = inspect_corpora(
            parts if source is None else {"corpus": source},
            self.loader.read_part,
            file_scheme=data.file_scheme,
            on_invalid=data.on_invalid_tags,
            vectors=lambda: pretrained_vectors(self.config.embeddings),
            features=FeatureInspection(self.format.features, read),
        )
        inspection.complaints += tokenizer_complaints(self.format.cut)
        return inspection

    def evaluate(self, trained: Predictor, source: str | None, errors: ErrorsPage | None = None) -> dict[str, Any]:
        """Score a tagger on a corpus, by default on the test corpus, or on the development corpus without one.

        If `errors` is given, every wrong entity is written to that page.
        """
        assert isinstance(trained, Tagger)
        return self.scores(trained.decoder, source, errors)

    def scores(self, decoder: Decoder, source: str | None, errors: ErrorsPage | None) -> dict[str, Any]:
        """Score a decoder, of one tagger or of several, as `evaluate` scores a tagger."""
        data = self.config.data
        corpus = self.corpus(source or data.test or data.dev, decoder.codec)
        say_differences(decoder.codec, corpus, self.format)
        evaluation = Evaluation(decoder, corpus)
        meaning = meaning_of(decoder.codec)
        results = meaning.results(evaluation)
        if errors is not None:
            name, gold = evaluation.corpus.source, sum(map(len, evaluation.gold))
            words, wrong = meaning.words, wrong_entities(evaluation)
            facts = errors_page.facts(results.headline, gold, len(evaluation.corpus.sentences), words)
            errors_page.write(errors.path, name, wrong, words=words, facts=facts, runs=errors.runs)
        return results.as_json()

    def corpus(self, source: Files | DevShare, codec: TaggingCodec) -> TaggedCorpus:
        """Read a corpus for a trained tagger's codec. Raises `DataError` for malformed data."""
        return self.loader.read_in_scheme_of_training(source, codec.file_scheme, codec.cut)

    def report(self, parts: Mapping[str, dict[str, Any]]) -> list[Section]:
        """Turn the results on each corpus into a section."""
        return report.sections(parts)
