"""What a tagger's config holds."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from bilstm_nlp.config.measures import Comparability, Measure, Subject
from bilstm_nlp.config.sections import (
    LARGEST,
    AttentionConfig,
    EncoderConfig,
    NoAttention,
    NotNegative,
    Positive,
    Probability,
    Section,
    Seed,
    Source,
    TrainingConfig,
)
from bilstm_nlp.tags import Scheme


class HeldOut(Section):
    fold: Positive
    """Which one, from 1."""
    folds: int = Field(ge=2, le=LARGEST)
    """How many the training corpus is dealt to; documents stay whole."""

    @model_validator(mode="after")
    def check(self) -> Self:
        if self.fold > self.folds:
            raise ValueError(f"expected a fold of at most {self.folds}, found {self.fold}")
        return self


class TaggingData(Section):
    train: Source
    """Training corpus: a column file, .jsonl or .json (.gz too), .parquet, `hf:NAME` or `sample:FILE`."""
    dev: Source
    """Development corpus: chooses the epoch to keep and the temperature of the confidences."""
    test: Source | None = None
    """Test corpus, scored once, after training."""
    fraction: float = Field(1.0, gt=0, le=1)
    """Share of the training sentences that is used; a smaller share is part of a larger one, whatever the seed."""
    held_out: HeldOut | None = None
    """Fold of the training sentences that is not used, for cross-validation."""
    token_column: int | str = 0
    """Column of the token, by index or by its name in the header line."""
    tag_column: int | str = -1
    """Column of the tag, by index or by its name in the header line."""
    comment: str | None = Field(None, min_length=1)
    """Lines that begin with this are comments; by default there are none."""
    encoding: str = "utf-8"
    """Character encoding of the files."""
    file_scheme: Scheme | Literal["auto"] = "auto"
    """Tag scheme of the files; `auto` detects it from the whole training corpus."""
    scheme: Literal["IOB2", "IOBES", "BILOU", "BMES"] = "IOBES"
    """Tag scheme the model is trained in; predictions come out in the files' own."""
    on_invalid_tags: Literal["error", "repair"] = "error"
    """What to do with tags that break the files' scheme."""


class NoCharacters(Section):
    kind: Literal["none"] = "none"


class CharacterCnnConfig(Section):
    kind: Literal["cnn"] = "cnn"
    embedding: Positive = 30
    """Size of a character's vector."""
    filters: Positive = 50
    """Number of filters, the size of what a word's spelling contributes."""
    width: Positive = 3
    """Characters a filter looks at."""


class CharacterLstmConfig(Section):
    kind: Literal["lstm"] = "lstm"
    embedding: Positive = 30
    """Size of a character's vector."""
    hidden: Positive = 25
    """Size of the hidden state, per direction."""


class EmbeddingsConfig(Section):
    file: Source | None = None
    """Pretrained word vectors: GloVe, word2vec or fastText text, .gz too."""
    dimension: Positive | None = None
    """Size of a word's vector; by default the file's, or 100 without a file."""
    minimum_count: Positive = 1
    """Training words rarer than this, and not in the file, are unknown words."""
    fine_tune: bool = True
    """Go on training the vectors of training words that came from the file."""
    word_dropout: Probability = 0.05
    """Share of training tokens whose word vector is replaced by that of the unknown word."""
    characters: CharacterCnnConfig | CharacterLstmConfig | NoCharacters = Field(
        CharacterCnnConfig(), discriminator="kind"
    )
    """What reads a word's spelling."""
    bigrams: NotNegative = 0
    """Size of the vector of a token together with the one after it, for scripts without blanks; 0 leaves it out."""
    lexicon: bool = False
    """Mark where entities of the training data stand; training sentences are matched with those of other parts only."""
    usage: bool = False
    """Tell how a word is used elsewhere in its document: without capitals, with one amid a sentence, how often."""
    shapes: NotNegative = 12
    """Size of the vector of a word's shape (Xx, dd-dd); 0 leaves it out."""


class NoContext(Section):
    kind: Literal["none"] = "none"


class DocumentContext(Section):
    kind: Literal["document"] = "document"
    tokens: Positive = 80
    """Neighbours in a document are read together in windows of at most so many tokens; a longer sentence is alone."""


class SoftmaxHeadConfig(Section):
    kind: Literal["softmax"] = "softmax"
    constrained: bool = True
    """Decode the best sequence that the tag scheme allows, instead of each token's best tag."""


class CrfHeadConfig(Section):
    kind: Literal["crf"] = "crf"
    constrained: bool = True
    """Sequences that the tag scheme forbids can't be decoded."""
    constrain_training: bool = True
    """Forbidden sequences take no part in the training likelihood either."""


class TaggingTraining(TrainingConfig):
    batch_tokens: Positive = 400
    """Tokens in a batch, padding included; sentences of like length share one."""
    swap_entities: Probability = 0.0
    """Share of training entities that are replaced, anew each epoch, by others of their type; 0 leaves all in place."""

    @property
    def batch_setting(self) -> str:
        """What makes batches smaller, for a message."""
        return f"training.batch_tokens (now {self.batch_tokens})"


class TaggingConfig(Section):
    """A tagger: which data, which vectors, which encoder, which head, how trained."""

    task: Literal["tagging"] = "tagging"
    """What is trained."""
    seed: Seed = 1
    """Decides the initial weights, dropout and the order of the data."""
    data: TaggingData
    """Which corpora, and how to read them."""
    embeddings: EmbeddingsConfig = EmbeddingsConfig()
    """What stands for a token at the encoder's input."""
    context: DocumentContext | NoContext = Field(NoContext(), discriminator="kind")
    """What a sentence is read together with: nothing, or its neighbours in the document that the file says it is of."""
    encoder: EncoderConfig = EncoderConfig()
    """The recurrent layers."""
    attention: AttentionConfig = NoAttention()
    """What lets every position read the whole sequence, between encoder and head."""
    head: CrfHeadConfig | SoftmaxHeadConfig = Field(CrfHeadConfig(), discriminator="kind")
    """What makes tags of the encoder's states."""
    training: TaggingTraining = TaggingTraining()
    """How the weights are found."""

    @property
    def sources(self) -> tuple[str, ...]:
        """All files and datasets that are read."""
        found = (self.data.train, self.data.dev, self.data.test, self.embeddings.file)
        return tuple(source for source in found if source is not None)

    @property
    def comparability(self) -> Comparability:
        """How taggers can be compared."""
        return Comparability(
            measures=[Measure("f1", "dev", higher_is_better=True, scale=100)],
            common=["task", "data.dev"],
            subject=Subject("sentences", overlapping=False, groups="type of entity"),
        )
