"""The tagging task: corpora in, codec and model, scores out."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import chain, groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, Literal, assert_never

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bilstm_nlp.config.tagging import DocumentContext, NoContext, TaggingConfig
from bilstm_nlp.data.batches import EpochBatches
from bilstm_nlp.data.lines import Complain, stop
from bilstm_nlp.data.text.augmentation import swap_entities
from bilstm_nlp.data.text.codec import TaggingCodec, plan
from bilstm_nlp.data.text.corpus import ColumnFormat, TaggedCorpus, checked, converted, read, share, split
from bilstm_nlp.data.text.lexicon import cross_fitted, folds
from bilstm_nlp.data.text.tokenizer import Cut
from bilstm_nlp.data.text.vocabulary import WordTable
from bilstm_nlp.data.text.word_vectors import Pretrained, matrix, read_vectors
from bilstm_nlp.errors import ConfigError
from bilstm_nlp.metrics import labels
from bilstm_nlp.nn.model import Model
from bilstm_nlp.reports import plots
from bilstm_nlp.reports.sections import Section
from bilstm_nlp.tags import Scheme, detect
from bilstm_nlp.tasks.measurement import Measurement, spread
from bilstm_nlp.tasks.tagging import errors_page
from bilstm_nlp.tasks.tagging import report as tagging_report
from bilstm_nlp.tasks.tagging.decoding import TaggingModel, entities_of_each, head_of, label, read_together
from bilstm_nlp.tasks.tagging.errors import wrong_entities
from bilstm_nlp.tasks.tagging.evaluation import Evaluation, gold_spans
from bilstm_nlp.tasks.tagging.inspection import CorpusInspection, inspect_corpora
from bilstm_nlp.tasks.tagging.measurement import measure
from bilstm_nlp.training.protocols import Batches, Score

logger = logging.getLogger(__name__)

EXAMPLES, EXAMPLE_SENTENCES, EXAMPLE_TOKENS = 8, 6, 40
"""What a run carries of its development corpus: so many inputs of at most so many sentences of so many tokens."""

DEFAULT_DIMENSION = 100
"""Size of a word's vector where neither a file nor the config says."""


@dataclass(frozen=True)
class Corpora:
    """The parts of the data, their tags checked, all in one scheme."""

    train: TaggedCorpus
    dev: TaggedCorpus
    test: TaggedCorpus | None
    scheme: Scheme


def context_tokens(config: DocumentContext | NoContext) -> int:
    """Tokens of the windows in which sentences are read together; 0 where each is read by itself."""
    match config:
        case NoContext():
            return 0
        case DocumentContext(tokens=tokens):
            return tokens
        case unknown:
            assert_never(unknown)


class TaggingTask:
    """Named entities, and whatever else a tag a token tells."""

    def __init__(
        self,
        config: TaggingConfig,
        format: ColumnFormat,
        model: Callable[[TaggingCodec, Tensor], TaggingModel],
    ) -> None:
        """`format`: how files are read; `model`: codec and (V, D) word vectors to train → the untrained model."""
        self.config, self.format, self.model = config, format, model

    # --- data ---

    def load(self) -> Corpora:
        """Read all parts; the tag scheme is detected from the whole training corpus."""
        data = self.config.data
        train = self.read(data.train, data.file_scheme)
        if data.file_scheme == "auto":
            found = detect(sentence.tags or () for sentence in train.sentences)
            logger.info("tag scheme of %s: %s", data.train, found.explanation)
            scheme: Scheme = found.scheme
        else:
            scheme = data.file_scheme
        return Corpora(
            self.kept(share(self.checked(train, scheme), data.fraction)),
            self.other(data.dev, scheme),
            self.other(data.test, scheme) if data.test else None,
            scheme,
        )

    def kept(self, train: TaggedCorpus) -> TaggedCorpus:
        """What is trained on: all but the fold that is held out, if one is.

        Raises `DataError` for fewer sentences than folds.
        """
        held_out = self.config.data.held_out
        return train if held_out is None else split(train, held_out.fold, held_out.folds)[0]

    def other(self, source: str, scheme: Scheme, cut: Cut = "words") -> TaggedCorpus:
        """Another corpus than the training corpus, its tags in that one's scheme.

        Where all its tags keep to a scheme of their own, and not to that one, they are converted.
        """
        corpus = self.read(source, scheme, cut=cut)
        if self.config.data.file_scheme != "auto":
            return self.checked(corpus, scheme)
        own = detect(sentence.tags or () for sentence in corpus.sentences).unless(scheme)
        if own != scheme:
            logger.warning("%s: its tags are in %s, the training corpus's in %s; converted", source, own, scheme)
        return converted(self.checked(corpus, own), own, scheme)

    def read(
        self, source: str, scheme: Scheme | Literal["auto"], complain: Complain = stop, cut: Cut = "words"
    ) -> TaggedCorpus:
        """A corpus in the config's format. Spans of characters become tags of the scheme, of IOB2 if it is `auto`."""
        return read(source, replace(self.format, spans_as="IOB2" if scheme == "auto" else scheme, cut=cut), complain)

    def checked(self, corpus: TaggedCorpus, scheme: Scheme) -> TaggedCorpus:
        """The corpus with legal tags. Raises `DataError` where tags are missing or, unless repaired, illegal."""
        corpus, repairs = checked(corpus, scheme, self.config.data.on_invalid_tags)
        if repairs:
            shown = ", ".join(f"line {repair.line}: {repair.before} → {repair.after}" for repair in repairs[:3])
            logger.warning(
                "%s: %d tags repaired (%s%s)", corpus.source, len(repairs), shown, ", …" * (len(repairs) > 3)
            )
        return corpus

    def inspect(self, source: str | None = None) -> CorpusInspection:
        """What is in the config's data, or in another corpus read in the same way."""
        data = self.config.data
        parts = {"train": data.train, "dev": data.dev} | ({"test": data.test} if data.test else {})
        return inspect_corpora(
            parts if source is None else {"corpus": source},
            self.read,
            file_scheme=data.file_scheme,
            on_invalid=data.on_invalid_tags,
            vectors=self.pretrained,
        )

    # --- codec and model ---

    def fit(self, data: Corpora) -> tuple[TaggingCodec, TaggingModel]:
        """Vocabularies from the training corpus joined with the pretrained vectors, and the untrained model."""
        forms = Counter(chain.from_iterable(sentence.tokens for sentence in data.train.sentences))
        pretrained = self.pretrained()
        words = WordTable.build(forms, pretrained, self.config.embeddings.minimum_count)
        if pretrained is not None:
            for name, part in (("train", data.train), ("dev", data.dev)):
                counts = Counter(chain.from_iterable(sentence.tokens for sentence in part.sentences))
                logger.info("word vectors know %s of %s", words.coverage(counts), name)
        initial, frozen = self.initial_vectors(words, pretrained)
        codec = TaggingCodec.fit(
            data.train.sentences,
            words,
            frozen,
            scheme=self.config.data.scheme,
            file_scheme=data.scheme,
            with_pairs=self.config.embeddings.bigrams > 0,
            with_lexicon=self.config.embeddings.lexicon,
            with_usage=self.config.embeddings.usage,
            context=context_tokens(self.config.context),
        )
        return codec, self.model(codec, torch.from_numpy(initial))

    def pretrained(self) -> Pretrained | None:
        """The vectors file. Raises `ConfigError` where its dimension is not the one asked for."""
        settings = self.config.embeddings
        if settings.file is None:
            return None
        vectors = read_vectors(settings.file)
        found = vectors.vectors.shape[1]
        if settings.dimension not in (None, found):
            problem = f"embeddings.dimension: expected the file's {found}, found {settings.dimension}"
            raise ConfigError(settings.file, [problem])
        return vectors

    def initial_vectors(
        self, words: WordTable, pretrained: Pretrained | None
    ) -> tuple[NDArray[np.float32], NDArray[np.float16]]:
        """(V, D) vectors to train, random where the file has none, and (E, D) frozen ones of its other words."""
        if pretrained is None:
            dimension = self.config.embeddings.dimension or DEFAULT_DIMENSION
            deviation = dimension**-0.5
        else:
            dimension = pretrained.vectors.shape[1]
            deviation = float(pretrained.vectors[:10_000].std())
        # Drawn in torch, whose generator the caller has seeded; as spread out as the vectors they stand among.
        initial = (torch.randn(words.trainable, dimension) * deviation).numpy()
        initial[0] = 0.0
        if pretrained is None:
            return initial, np.empty((0, dimension), np.float16)
        rows, found = words.pretrained_rows(pretrained)
        initial[rows] = pretrained.vectors[found]
        return initial, matrix(pretrained, words.frozen).astype(np.float16)

    def plot(self, model: TaggingModel, codec: TaggingCodec, results: dict[str, Any], folder: Path) -> None:
        """Confusion of the development entities' types, and the transitions that were learnt."""
        confusion = results["dev"]["confusion"]
        plots.confusion(confusion["labels"], np.array(confusion["counts"]), folder / "confusion.png")
        transitions = head_of(model).crf.scores().transitions.detach().cpu().numpy()
        plots.transitions(
            codec.tags, np.where(np.isfinite(transitions), transitions, np.nan), folder / "transitions.png"
        )

    def report(self, parts: Mapping[str, dict[str, Any]]) -> list[Section]:
        """Results for people: a section for each corpus."""
        return tagging_report.sections(parts)

    # --- training ---

    def batches(self, data: Corpora, codec: TaggingCodec) -> Callable[[int], Batches]:
        """Epoch → batches of sentences of like length, drawn anew each epoch from the seed and its number."""
        settings, sentences = self.config.training, data.train.sentences
        parts = folds(sentences) if codec.lexicon else [sentences]
        lexicons = cross_fitted(parts, codec.file_scheme, codec.types) if codec.lexicon else []
        as_they_are = None if settings.swap_entities else codec.encode_parts(parts, lexicons, with_tags=True)

        def of_epoch(epoch: int) -> Batches:
            generator = np.random.default_rng([self.config.seed, epoch])
            encoded = as_they_are
            if encoded is None:
                # Within a part: entities of another one would be in this one's lexicon more often than new ones are.
                drawn = [swap_entities(part, codec.file_scheme, settings.swap_entities, generator) for part in parts]
                encoded = codec.encode_parts(drawn, lexicons, with_tags=True)
            together = read_together(codec, encoded, generator)
            return EpochBatches(plan(together.lengths, settings.batch_tokens, generator), together.collate)

        return of_epoch

    def scorer(self, data: Corpora, codec: TaggingCodec) -> Callable[[nn.Module], Score]:
        """Model → entity F1 on the development corpus."""
        encoded = codec.encode(data.dev.sentences)
        gold = gold_spans(data.dev, codec)

        def score(model: nn.Module) -> Score:
            assert isinstance(model, Model)
            result = labels.micro_f1(gold, entities_of_each(label(model, codec, encoded), len(gold)))
            figures = {"precision": result.precision, "recall": result.recall, "f1": result.f1}
            return Score("f1", result.f1 or 0.0, True, figures)

        return score

    # --- results ---

    def finish(self, model: TaggingModel, data: Corpora, codec: TaggingCodec) -> dict[str, Any]:
        """Fit the temperature on the development corpus, then score development and, where there is one, test."""
        parts: dict[str, Any] = {}
        dev = Evaluation(model, codec, data.dev)
        dev.calibrate()
        parts["dev"] = dev.results()
        if data.test is not None:
            parts["test"] = Evaluation(model, codec, data.test).results()
        return parts

    def examples(self, data: Corpora, codec: TaggingCodec) -> list[Any]:
        """Sentences, or the beginnings of documents where a sentence is not read alone: [sentence][token]."""
        sentences = data.dev.sentences
        runs = [list(run) for _, run in groupby(sentences, key=attrgetter("document"))]
        together = [part for run in runs for part in ([run] if run[0].document else [[one] for one in run])]
        units = together if codec.reads_documents else [[sentence] for sentence in sentences]
        chosen = [units[index] for index in spread(len(units), EXAMPLES).tolist()]
        return [[list(one.tokens[:EXAMPLE_TOKENS]) for one in unit[:EXAMPLE_SENTENCES]] for unit in chosen]

    def evaluate(
        self, model: TaggingModel, codec: TaggingCodec, source: str | None, errors: Path | None = None
    ) -> dict[str, Any]:
        """Scores on a corpus: by default the config's test corpus, or the development corpus without one.

        Every wrong entity goes to the page `errors`, if one is asked for.
        """
        data = self.config.data
        source = source or data.test or data.dev
        evaluation = Evaluation(model, codec, self.other(source, codec.file_scheme, codec.cut))
        if errors is not None:
            errors_page.write(errors, evaluation.corpus.source, wrong_entities(evaluation))
        return evaluation.results()

    def measure(self, model: TaggingModel, data: Corpora, codec: TaggingCodec) -> Measurement:
        """What a comparison needs to know of the model on the development corpus."""
        return measure(model, codec, data.dev)
