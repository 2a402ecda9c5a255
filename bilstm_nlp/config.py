"""The schema of a run: TOML files in, one checked value out. Imports no torch, so reading a config is instant.

A config file is a set of tables (`[data]`, `[encoder]`, …). Unknown keys, wrong types and values out of range are all
reported at once, each with its dotted key, the rule and what was found. `--set encoder.cell=gru` overrides any key.
"""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from bilstm_nlp.errors import ConfigError
from bilstm_nlp.tags import Scheme

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Probability = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[int, Field(ge=1)]


def absolute(source: str) -> str:
    """A file's absolute path, so that a saved config means the same from everywhere; `hf:` and `sample:` stay."""
    return source if source.startswith(("hf:", "sample:")) else str(Path(source).expanduser().absolute())


Source = Annotated[str, AfterValidator(absolute)]


class Section(BaseModel):
    """A table of the config: nothing unknown is let in, nothing changes after it was read."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


# --- the encoder and the training, the same for every task ----------------------------------------------------------


class EncoderConfig(Section):
    cell: Literal["lstm", "gru"] = "lstm"
    """The recurrent cell."""
    hidden: Positive = 256
    """Size of the hidden state, per direction."""
    layers: Positive = 1
    """Number of stacked layers."""
    bidirectional: bool = True
    """Read the sequence in both directions."""
    dropout: Probability = 0.5
    """Share of features dropped at the encoder's input, between its layers and at its output."""
    locked_dropout: bool = True
    """One dropout mask for all time steps of a sequence (Gal and Ghahramani 2016) instead of one for each."""
    initial_state: Literal["zeros", "random"] = "zeros"
    """Initial hidden and cell state: zeros, or drawn from N(0, 1) at every forward pass, evaluation included."""


class AdamConfig(Section):
    kind: Literal["adam"] = "adam"
    learning_rate: float = Field(1e-3, gt=0)
    """Peak learning rate."""
    betas: tuple[Probability, Probability] = (0.9, 0.999)
    """Decay of the running means of the gradient and of its square."""


class AdamWConfig(Section):
    kind: Literal["adamw"] = "adamw"
    learning_rate: float = Field(1e-3, gt=0)
    """Peak learning rate."""
    betas: tuple[Probability, Probability] = (0.9, 0.999)
    """Decay of the running means of the gradient and of its square."""
    weight_decay: float = Field(0.01, ge=0)
    """Decoupled weight decay; embeddings, biases and transitions are spared."""


class SgdConfig(Section):
    kind: Literal["sgd"] = "sgd"
    learning_rate: float = Field(0.015, gt=0)
    """Peak learning rate."""
    momentum: Probability = 0.9
    """Momentum; 0 is plain gradient descent."""
    weight_decay: float = Field(0.0, ge=0)
    """L2 penalty; embeddings, biases and transitions are spared."""


class ConstantSchedule(Section):
    kind: Literal["constant"] = "constant"
    warmup: float = Field(0.0, ge=0)
    """Epochs (fractions allowed) in which the learning rate rises from 0 to its peak."""


class LinearSchedule(Section):
    kind: Literal["linear"] = "linear"
    warmup: float = Field(0.5, ge=0)
    """Epochs (fractions allowed) in which the learning rate rises from 0 to its peak; then it falls to 0."""


class CosineSchedule(Section):
    kind: Literal["cosine"] = "cosine"
    warmup: float = Field(0.5, ge=0)
    """Epochs (fractions allowed) in which the learning rate rises from 0 to its peak; then it falls to 0."""


class InverseTimeSchedule(Section):
    kind: Literal["inverse-time"] = "inverse-time"
    decay: float = Field(0.05, ge=0)
    """The learning rate of epoch e is peak / (1 + decay · e), as in Ma and Hovy (2016)."""


class PlateauSchedule(Section):
    kind: Literal["plateau"] = "plateau"
    factor: float = Field(0.5, gt=0, lt=1)
    """What the learning rate is multiplied by when the development score has stopped improving."""
    patience: Positive = 3
    """Epochs without a better development score before that happens."""


class TrainingConfig(Section):
    epochs: Positive = 12
    """Passes over the training data."""
    optimizer: AdamWConfig | AdamConfig | SgdConfig = Field(AdamWConfig(), discriminator="kind")
    """How gradients become steps."""
    schedule: ConstantSchedule | LinearSchedule | CosineSchedule | InverseTimeSchedule | PlateauSchedule = Field(
        LinearSchedule(), discriminator="kind"
    )
    """How the learning rate moves over the epochs."""
    clip: float | None = Field(5.0, gt=0)
    """Largest norm of the gradient; a longer one is scaled down."""
    patience: Positive | None = None
    """Stop after so many epochs without a better development score."""
    average: float | None = Field(None, gt=0, lt=1)
    """Decay of an exponential moving average of the weights, which is then what is scored and saved."""
    device: Literal["auto", "cpu"] = "auto"
    """`auto` takes a GPU where there is one."""


# --- tagging --------------------------------------------------------------------------------------------------------


class TaggingData(Section):
    train: Source
    """Training corpus: a column file, .jsonl, .parquet or .json (.gz too), `hf:NAME` or `sample:FILE`."""
    dev: Source
    """Development corpus: chooses the epoch to keep and the temperature of the confidences."""
    test: Source | None = None
    """Test corpus, scored once, after training."""
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
    shapes: int = Field(12, ge=0)
    """Size of the vector of a word's shape (Xx, dd-dd); 0 leaves it out."""


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


class TaggingConfig(Section):
    """A tagger: which data, which vectors, which encoder, which head, how trained."""

    task: Literal["tagging"] = "tagging"
    seed: int = Field(1, ge=0)
    """Decides the initial weights, dropout and the order of the data."""
    data: TaggingData
    embeddings: EmbeddingsConfig = EmbeddingsConfig()
    encoder: EncoderConfig = EncoderConfig()
    head: CrfHeadConfig | SoftmaxHeadConfig = Field(CrfHeadConfig(), discriminator="kind")
    training: TaggingTraining = TaggingTraining()


Config = TaggingConfig
ADAPTER: TypeAdapter[Config] = TypeAdapter(Config)


# --- reading --------------------------------------------------------------------------------------------------------


def load(path: Path, overrides: Sequence[str] = ()) -> Config:
    """Read a TOML file, apply `KEY=VALUE` overrides (VALUE in TOML; what is not TOML is a string), check the whole.

    Raises `ConfigError` with every problem at once.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        near = difflib.get_close_matches(path.name, [p.name for p in path.parent.glob("*.toml")], n=3)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise ConfigError(str(path), [f"expected a TOML file, found nothing there{hint}"]) from None
    except IsADirectoryError:
        raise ConfigError(str(path), ["expected a TOML file, found a directory"]) from None
    except UnicodeDecodeError as error:
        raise ConfigError(str(path), [f"expected UTF-8 text, found byte {error.object[error.start]:#x}"]) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(str(path), [f"not valid TOML: {error}"]) from None
    except OSError as error:
        raise ConfigError(str(path), [f"could not be read: {error.strerror}"]) from None
    problems = [problem for override in overrides if (problem := apply(values, override))]
    return parse(values, str(path), problems)


def apply(values: Any, override: str) -> str | None:
    """Put one `KEY=VALUE` into nested `values`, in place; returns what is wrong with it, if anything."""
    key, equals, text = override.partition("=")
    parts = key.strip().split(".")
    if not equals or not all(parts):
        return f"--set {override}: expected KEY=VALUE with a dotted key, such as encoder.cell=gru"
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    for part in parts[:-1]:
        values = values.setdefault(part, {})
        if not isinstance(values, dict):
            return f"--set {override}: {part} is a value, not a table, in the file"
    values[parts[-1]] = value
    return None


def parse(values: dict[str, Any], source: str, problems: Sequence[str] = ()) -> Config:
    """Check nested values against the schema; `problems` found before are reported with those found here."""
    try:
        config = ADAPTER.validate_python(values)
    except ValidationError as error:
        known = list(dotted_keys())
        found = [describe(dict(detail), values, known) for detail in error.errors(include_url=False)]
        raise ConfigError(source, [*problems, *found]) from None
    if problems:
        raise ConfigError(source, list(problems))
    return config


def describe(detail: dict[str, Any], values: dict[str, Any], known: list[str]) -> str:
    """One problem in one line: dotted key, rule, what was found, near miss."""
    # pydantic names the member of a union in its path (head, crf, size); the file has no such level.
    parts: list[str] = []
    level: Any = values
    for index, part in enumerate(detail["loc"]):
        last = index == len(detail["loc"]) - 1
        inside = (isinstance(level, dict) and part in level) or (isinstance(level, list) and isinstance(part, int))
        if inside:
            level = level[part]
        if inside or (last and detail["type"] == "missing"):
            parts.append(str(part))
    key = ".".join(parts)
    match detail["type"]:
        case "missing":
            return f"{key}: required, but it is not there"
        case "extra_forbidden":
            elsewhere = sorted((k for k in known if k.rpartition(".")[2] == parts[-1]), key=lambda k: k.count("."))
            near = elsewhere or difflib.get_close_matches(key, known, n=1, cutoff=0.6)
            return f"{key}: unknown key" + (f"; did you mean {near[0]}?" if near else "")
        case "union_tag_invalid":
            expected = detail["ctx"]["expected_tags"].replace("'", "")
            return f"{key}.kind: expected one of {expected}, found {detail['ctx']['tag']!r}"
        case "union_tag_not_found":
            return f"{key}.kind: required, to tell which {parts[-1]} is meant"
        case _:
            rule = detail["msg"].removeprefix("Input should be ")
            return f"{key}: expected {rule}, found {detail['input']!r}"


def dotted_keys() -> Iterator[str]:
    """Every key that a config can have, with its tables: `encoder.cell`."""
    schema = ADAPTER.json_schema()

    def walk(node: dict[str, Any], prefix: str) -> Iterator[str]:
        if "$ref" in node:
            node = schema["$defs"][node["$ref"].rpartition("/")[2]]
        for member in (*node.get("anyOf", ()), *node.get("oneOf", ()), *node.get("allOf", ())):
            yield from walk(member, prefix)
        for name, child in node.get("properties", {}).items():
            yield prefix + name
            yield from walk(child, f"{prefix}{name}.")

    return iter(dict.fromkeys(walk(schema, "")))


def to_json(config: Config) -> dict[str, Any]:
    """The whole resolved config, defaults included: enough to repeat the run. `parse` is the way back."""
    values = ADAPTER.dump_python(config, mode="json")
    assert isinstance(values, dict)
    return values


def schema() -> str:
    """The JSON Schema of a config file, for editors that complete and check TOML."""
    return json.dumps(ADAPTER.json_schema(), indent=2, ensure_ascii=False) + "\n"
