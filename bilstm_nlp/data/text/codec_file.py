"""The contents of a tagger's codec.json, checked when they are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from bilstm_nlp.batch import AnyArray, Ints
from bilstm_nlp.data.text.column_codec import ColumnCodec
from bilstm_nlp.data.text.cut_learning import Agreement
from bilstm_nlp.data.text.feature_columns import FeatureColumn
from bilstm_nlp.data.text.forms import FormTables
from bilstm_nlp.data.text.gazetteers import Gazetteers
from bilstm_nlp.data.text.small_vectors import vectors_of
from bilstm_nlp.data.text.tokenizer import WORDS, Clitics, Cut, Kind, Negations, Unit
from bilstm_nlp.data.text.vocabulary import Vocabulary, WordTable
from bilstm_nlp.errors import RunError, excerpt
from bilstm_nlp.system.arrays import expect_array
from bilstm_nlp.tags import Scheme, is_bare, is_mixed, parse

T = TypeVar("T")

Strings = Annotated[list[str], Field(min_length=1)]
TokensAndTypes = Annotated[list[Strings], Field(min_length=2, max_length=2)]


class WordsFile(BaseModel):
    """The `words` of codec.json."""

    model_config = ConfigDict(strict=True)

    initialised: list[str]
    learnt: list[str]
    frozen: list[str]


class ColumnFile(BaseModel):
    """A member of the `columns` of codec.json."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)

    column: int | str
    numeric: bool
    values: list[str]
    mean: float
    deviation: Annotated[float, Field(gt=0)]


class CutFile(BaseModel):
    """The `cut` of codec.json. Earlier releases wrote `words` or `characters`."""

    model_config = ConfigDict(strict=True)

    unit: Unit
    whole: list[Kind] = sorted(WORDS.whole)
    negations: Negations = WORDS.negations
    clitics: Clitics = WORDS.clitics
    compounds: list[str] = []
    kept: list[str] = []
    lexicon: list[str] = []
    module: str | None = None


class AgreementFile(BaseModel):
    """The `agreement` of codec.json."""

    model_config = ConfigDict(strict=True)

    tokens: Annotated[int, Field(ge=0)]
    otherwise: Annotated[int, Field(ge=0)]
    examples: list[Annotated[list[str], Field(min_length=2, max_length=2)]]


class CodecFile(BaseModel):
    """The keys of codec.json and their types."""

    model_config = ConfigDict(strict=True)

    scheme: Scheme
    file_scheme: Scheme
    cut: CutFile
    agreement: AgreementFile = AgreementFile(tokens=0, otherwise=0, examples=[])
    tags: list[str]
    characters: list[str]
    shapes: list[str]
    words: WordsFile
    entities: list[TokensAndTypes]
    lexicon: bool
    usage: bool
    context: Annotated[int, Field(ge=0)]
    columns: list[ColumnFile] = []
    gazetteers: dict[str, Annotated[list[Strings], Field(min_length=1)]] = {}
    gazetteers_fold_case: bool = False
    widths: list[Annotated[int, Field(ge=1)]] = []

    @field_validator("cut", mode="before")
    @classmethod
    def _of_earlier_releases(cls, value: object) -> object:
        """Take the name of a unit for its rules."""
        return {"unit": value} if isinstance(value, str) else value


@dataclass(frozen=True)
class SavedCodec:
    """The values of codec.json."""

    scheme: Scheme
    file_scheme: Scheme
    cut: Cut
    agreement: Agreement
    tags: tuple[str, ...]
    characters: Vocabulary
    shapes: Vocabulary
    words: WordTable
    entities: dict[tuple[str, ...], set[str]]
    lexicon: bool
    usage: bool
    context: int
    columns: tuple[ColumnCodec, ...]
    gazetteers: Gazetteers
    widths: tuple[int, ...]


def saved_codec(values: object) -> SavedCodec:
    """Read the values of codec.json. Raises `RunError` for the first key that is missing or wrong."""
    try:
        file = CodecFile.model_validate(values)
    except ValidationError as error:
        raise RunError(f"codec.json: {_problem(error)}") from None
    tables = saved_tables(file.words, file.characters, file.shapes)
    return SavedCodec(
        scheme=file.scheme,
        file_scheme=file.file_scheme,
        cut=cut_of_file(file.cut),
        agreement=_agreement(file.agreement),
        tags=_checked("tags", lambda: _tags(file.tags, file.scheme)),
        characters=tables.characters,
        shapes=tables.shapes,
        words=tables.words,
        entities={tuple(tokens): set(types) for tokens, types in file.entities},
        lexicon=file.lexicon,
        usage=file.usage,
        context=file.context,
        columns=_checked("columns", lambda: tuple(map(_column, file.columns))),
        gazetteers=Gazetteers(
            {kind: tuple(map(tuple, phrases)) for kind, phrases in file.gazetteers.items()}, file.gazetteers_fold_case
        ),
        widths=tuple(file.widths),
    )


def saved_tables(words: WordsFile, characters: Sequence[str], shapes: Sequence[str]) -> FormTables:
    """Restore the tables of forms. Raises `RunError` for a table that has an item twice."""
    return FormTables(
        characters=_checked("characters", lambda: Vocabulary(tuple(characters))),
        shapes=_checked("shapes", lambda: Vocabulary(tuple(shapes))),
        words=_checked("words", lambda: WordTable(tuple(words.initialised), tuple(words.learnt), tuple(words.frozen))),
    )


def tables_as_json(tables: FormTables) -> dict[str, Any]:
    """Return the tables of forms as they stand in codec.json."""
    words = tables.words
    return {
        "characters": list(tables.characters.items),
        "shapes": list(tables.shapes.items),
        "words": {
            "initialised": list(words.initialised),
            "learnt": list(words.learnt),
            "frozen": list(words.frozen),
        },
    }


def saved_arrays(arrays: Mapping[str, AnyArray], words: WordTable) -> tuple[NDArray[np.float16], Ints]:
    """Read codec.safetensors: (E, D) vectors of the words beyond the training data, and (P,) pairs, ascending.

    Raises `RunError` if something is missing or wrong.
    """
    try:
        frozen = vectors_of(arrays, len(words.frozen))
        pairs = expect_array(arrays, "pairs", np.int64, None)
    except ValueError as error:
        raise RunError(f"codec.safetensors: {error}") from None
    if (np.diff(pairs) <= 0).any():
        raise RunError("codec.safetensors: expected 'pairs' in ascending order, found others")
    return frozen, pairs


def column_as_json(codec: ColumnCodec) -> dict[str, Any]:
    """Return a column as it stands in codec.json."""
    return {
        "column": codec.column.column,
        "numeric": codec.column.numeric,
        "values": list(codec.values.items),
        "mean": codec.mean,
        "deviation": codec.deviation,
    }


def _column(file: ColumnFile) -> ColumnCodec:
    """Restore a column. Raises `ValueError` if a value occurs twice."""
    column = FeatureColumn(file.column, file.numeric)
    return ColumnCodec(column, Vocabulary(tuple(file.values)), file.mean, file.deviation)


def saved_cut(cut: Cut) -> dict[str, object]:
    """Return a cut for codec.json."""
    values = {name: sorted(value) if isinstance(value, frozenset) else value for name, value in vars(cut).items()}
    return {name: value for name, value in values.items() if name != "saved"}


def saved_agreement(agreement: Agreement) -> dict[str, object]:
    """Return an agreement for codec.json."""
    return {**vars(agreement), "examples": [list(example) for example in agreement.examples]}


def cut_of_file(file: CutFile) -> Cut:
    return Cut(
        unit=file.unit,
        whole=frozenset(file.whole),
        negations=file.negations,
        clitics=file.clitics,
        compounds=frozenset(file.compounds),
        kept=frozenset(file.kept),
        lexicon=frozenset(file.lexicon),
        module=file.module,
        saved=True,
    )


def _agreement(file: AgreementFile) -> Agreement:
    return Agreement(file.tokens, file.otherwise, tuple((form, pieces) for form, pieces in file.examples))


def _problem(error: ValidationError) -> str:
    """Describe the first problem: its key, what was expected and what was found."""
    first = error.errors(include_url=False)[0]
    key = ".".join(map(str, first["loc"]))
    match first["type"]:
        case "missing":
            return f"expected {key!r} of a tagger's codec, found none"
        case "model_type":
            expected = "an object"
        case "too_short" | "too_long":
            expected = "a list of tokens and a list of types"
        case _:
            expected = first["msg"].removeprefix("Input should be ")
    return f"{f'{key}: ' if key else ''}expected {expected}, found {excerpt(repr(first['input']))}"


def _checked(key: str, make: Callable[[], T]) -> T:
    """Make a value. Raises `RunError` that names the key, for a `ValueError`."""
    try:
        return make()
    except ValueError as error:
        raise RunError(f"codec.json: {key}: {error}") from None


def _tags(tags: Sequence[str], scheme: Scheme) -> tuple[str, ...]:
    """Check tags. Raises `ValueError` unless they are distinct tags of the scheme, and at least one."""
    wrong = [tag for tag in tags if parse(tag, scheme) is None]
    if scheme != "plain" and is_mixed(tags):
        wrong += filter(is_bare, tags)
    if wrong or not tags:
        raise ValueError(f"expected tags of {scheme}, found {wrong[0] if wrong else 'none'}")
    return Vocabulary(tuple(tags)).items
