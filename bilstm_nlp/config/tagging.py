"""The config of a tagger."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from bilstm_nlp.config.corpora import CorpusFiles, DevelopmentCorpus, DevShare, HeldOut, files_of
from bilstm_nlp.config.embeddings import WordEmbeddingsConfig
from bilstm_nlp.config.measures import Comparability, Measure, Subject
from bilstm_nlp.config.sections import (
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
from bilstm_nlp.tags import Scheme, TagFormat


class TaggingData(Section):
    """The corpora and their format."""

    train: CorpusFiles
    """Training corpus: a file or folder in any format of docs/formats.md, `hf:NAME` or `sample:FILE`. A list, or a
    pattern such as `data/*.conll`, names several."""
    dev: DevelopmentCorpus
    """Development corpus. Chooses the epoch to keep and the temperature of the confidences. `{ share = 0.1 }` cuts a
    tenth of the training sentences off the training corpus."""
    test: CorpusFiles | None = None
    """Test corpus. Scored once, after training."""
    fraction: float = Field(1.0, gt=0, le=1)
    """Fraction of the training sentences to use. Smaller fractions are subsets of larger ones, whatever the seed."""
    held_out: HeldOut | None = None
    """Fold of the training sentences to leave out, for cross-validation. Not set: use all sentences."""
    token_column: int | str = 0
    """Column of the token: an index, or a name in the header line."""
    tag_column: int | str = -1
    """Column of the tag: an index, or a name in the header line. -1 is the last column."""
    comment: str | None = Field(None, min_length=1)
    """Beginning of comment lines, which stand before a sentence. Not set: no line is a comment."""
    on_empty_token: Literal["error", "skip"] = "error"
    """Treatment of rows and list entries whose token has no characters. Skipped tokens are counted."""
    text_key: str | None = None
    """Key of the text in JSON and datasets. Not set: `text`, `data`, `content` or `sentence`. Tokens are in the key of
    `token_column`, or in `tokens`."""
    span_key: str | None = None
    """Key of the spans in JSON and datasets. Not set: `spans`, `entities`, `label`, `labels` or `annotations`."""
    tag_names: tuple[str, ...] = ()
    """Names of tags that are numbers, from 0."""
    offsets: Literal["characters", "utf-16", "bytes"] = "characters"
    """Unit of the offsets of spans. Spans with a text of their own are read in the unit in which they stand there."""
    on_misaligned: Literal["error", "snap", "drop"] = "error"
    """Treatment of spans that cut a token: `snap` extends them to whole tokens. Changes are counted."""
    on_overlap: Literal["error", "longest"] = "error"
    """Treatment of overlapping spans: `longest` keeps the longest of them, and counts the others."""
    encoding: str = "utf-8"
    """Character encoding of the files."""
    tokenizer: str | None = Field(None, pattern=r"^(jieba|pythainlp|[\w.]+:\w+)$")
    """Cuts plain text: `jieba`, `pythainlp`, or a `module:function`. Not set: rules as in the training tokens."""
    file_scheme: Scheme | Literal["auto"] = "auto"
    """Tag scheme of the files. `auto` detects the scheme from the whole training corpus; `plain` is any label a token,
    such as parts of speech."""
    tag_map: dict[str, str] = Field(default_factory=dict)
    """Tags that are renamed when they are read, such as `{ "B_*" = "B-*", "0" = "O" }`. `*` stands for a type."""
    tag_format: TagFormat | None = None
    """Spelling of segments that is no scheme; the tags are read as IOB2. `runs`: a run of equal types is a segment.
    `brackets`: `(PER*` begins one, `*)` ends it."""
    scheme: Literal["IOB2", "IOBES", "BILOU", "BMES"] = "IOBES"
    """Tag scheme that the model is trained in. Predictions are written in the scheme of the files. Plain tags have no
    other scheme."""
    on_invalid_tags: Literal["error", "repair"] = "error"
    """Treatment of tags that break the scheme of the files."""

    @field_validator("tag_map")
    @classmethod
    def check_tag_map(cls, entries: dict[str, str]) -> dict[str, str]:
        """Raise `ValueError` for an entry that renames no tag, or has more than one `*` or a `*` on one side only."""
        for tag, target in entries.items():
            if not tag or not target or tag.count("*") > 1 or tag.count("*") != target.count("*"):
                raise ValueError(f'expected entries such as "B_*" = "B-*", with * on both sides or none, not {tag!r}')
        return entries

    @model_validator(mode="after")
    def check_format(self) -> Self:
        """Raise an error for a scheme beside a format, whose tags are read as IOB2."""
        if self.tag_format is not None and self.file_scheme not in ("auto", "IOB2"):
            raise PydanticCustomError(
                "between_keys",
                "auto or IOB2 beside data.tag_format, found {found}",
                {"key": "file_scheme", "found": self.file_scheme},
            )
        return self


class ColumnConfig(Section):
    """A column of the files, beside token and tag, that is a feature of each token."""

    column: NotNegative | Annotated[str, Field(min_length=1)]
    """The column: an index from 0, or a name in the header line. JSONL and datasets have it as a key, `"1"` for 1."""
    kind: Literal["value", "number"] = "value"
    """Each value has a vector of its own, or numbers are used as they are, standardised by the training data."""
    size: Positive | None = None
    """Size of the vector of each value. Not set: 25. A column of numbers has no vectors and takes one place."""

    @model_validator(mode="after")
    def check(self) -> Self:
        """Raise `ValueError` for the size of a number."""
        if self.kind == "number" and self.size is not None:
            raise ValueError(f"expected no size where kind is number, found {self.size}")
        return self


def distinct_columns(columns: tuple[ColumnConfig, ...]) -> tuple[ColumnConfig, ...]:
    """Return the columns. Raises `ValueError` if any is named twice."""
    names = [str(column.column) for column in columns]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"expected each column once, found {repeated[0]} again")
    return columns


class EmbeddingsConfig(WordEmbeddingsConfig):
    """The vector of each token at the encoder's input."""

    lexicon: bool = False
    """Mark tokens of entities known from the training data. Training sentences know only entities of other folds."""
    usage: bool = False
    """Add features of a word's use in its document: lower case, capitalized inside a sentence, frequency."""
    columns: Annotated[tuple[ColumnConfig, ...], AfterValidator(distinct_columns)] = ()
    """Columns of the files that are features, such as parts of speech. Predictions read the same columns."""
    gazetteers: dict[Annotated[str, Field(min_length=1)], Source] = Field(default_factory=dict)
    """Files of phrases by a name, such as `{ city = "cities.txt" }`: UTF-8, a phrase a line. The longest matches are
    features. The run keeps the phrases."""
    gazetteer_case: Literal["exact", "fold"] = "exact"
    """Upper and lower case of gazetteers: `exact` matches them as they are, `fold` ignores them."""


class NoContext(Section):
    """Each sentence is read alone."""

    kind: Literal["none"] = "none"


class DocumentContext(Section):
    """Neighbouring sentences of a document are read together."""

    kind: Literal["document"] = "document"
    tokens: Positive = 80
    """Largest number of tokens in a window of neighbouring sentences. A longer sentence is read alone."""


class SoftmaxHeadConfig(Section):
    """A probability of each tag for each token, independent of the other tags."""

    kind: Literal["softmax"] = "softmax"
    constrained: bool = True
    """Decode the best tag sequence that the tag scheme allows, instead of the best tag of each token."""
    class_weights: Literal["balanced"] | dict[str, Annotated[float, Field(gt=0)]] | None = None
    """Weights of tokens in training, by the type of their tag, `O` or the tag itself, such as `{ PER = 2, O = 0.5 }`.
    Tags without a weight have 1. `balanced`: N / (K · n) for a type with n of the N tokens, where there are K types."""


class CrfHeadConfig(Section):
    """A linear-chain conditional random field (Lafferty et al. 2001)."""

    kind: Literal["crf"] = "crf"
    constrained: bool = True
    """Never decode sequences that the tag scheme forbids."""
    constrain_training: bool = True
    """Leave forbidden sequences out of the training likelihood, too."""


class TaggingTraining(TrainingConfig):
    """The training loop."""

    batch_tokens: Positive = 400
    """Largest number of tokens in a batch, padding included. Sentences of similar length share a batch."""
    swap_entities: Probability = 0.0
    """Fraction of training entities that are replaced by other entities of their type, drawn anew in each epoch."""

    @property
    def batch_setting(self) -> str:
        """The setting that makes batches smaller, for messages."""
        return f"training.batch_tokens (now {self.batch_tokens})"


class TaggingConfig(Section):
    """A tagger: one tag for each token, such as the named entities of a text."""

    task: Literal["tagging"] = "tagging"
    """The task. A file without this key is a tagger."""
    seed: Seed = 1
    """Seed of the initial weights, dropout and the order of the data."""
    data: TaggingData
    """The corpora and their format."""
    embeddings: EmbeddingsConfig = EmbeddingsConfig.model_construct()
    """The vector of each token at the encoder's input."""
    context: DocumentContext | NoContext = Field(NoContext.model_construct(), discriminator="kind")
    """Sentences that are read together: none, or neighbours in a document of the file."""
    encoder: EncoderConfig = EncoderConfig.model_construct()
    """The recurrent layers."""
    attention: AttentionConfig = NoAttention.model_construct()
    """Attention over the whole sequence, between encoder and head."""
    head: CrfHeadConfig | SoftmaxHeadConfig = Field(CrfHeadConfig.model_construct(), discriminator="kind")
    """The layer that turns states of the encoder into tags."""
    training: TaggingTraining = TaggingTraining.model_construct()
    """The training loop."""

    @property
    def sources(self) -> tuple[str, ...]:
        """The files and datasets that are read."""
        data = self.data
        dev = () if isinstance(data.dev, DevShare) else data.dev
        corpora = (data.train, dev, data.test or (), self.embeddings.file or ())
        files = (*(source for corpus in corpora for source in files_of(corpus)), *self.embeddings.gazetteers.values())
        if self.training.parent is None:
            return files
        return (*files, *(str(Path(self.training.parent) / name) for name in ("codec.json", "model.safetensors")))

    @property
    def comparability(self) -> Comparability:
        """The rules by which taggers are compared.

        Plain labels are compared by F1, which is their accuracy, if only the data tell that they are plain.
        """
        plain, dev = self.data.file_scheme == "plain", self.data.dev
        return Comparability(
            measures=[
                Measure("accuracy" if plain else "f1", "dev", higher_is_better=True, scale=100),
            ],
            common=["task", "data.dev", *(["data.train"] if isinstance(dev, DevShare) else [])],
            subject=Subject("sentences", overlapping=False, groups="label" if plain else "type of entity"),
            seed="data.dev.seed" if isinstance(dev, DevShare) and dev.seed is None else None,
        )
