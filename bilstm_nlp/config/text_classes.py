"""The data of a classifier of texts: files of texts with their classes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag, field_validator

from bilstm_nlp.config.corpora import CorpusFiles, DevShare, HeldOut, corpus_kind, expanded
from bilstm_nlp.config.sections import Positive, Section, Seed, Source

ColumnName = int | Annotated[str, Field(min_length=1)]
"""A column: an index from 0, or a name in the header line, which is also a key in JSON and in datasets."""
ColumnNames = ColumnName | Annotated[tuple[ColumnName, ...], Field(min_length=1)]


class TextShare(DevShare):
    """A share of the training texts that is cut off them as the development texts."""

    share: float = Field(gt=0, lt=1)
    """Fraction of the training texts to cut off, the same of each class. Equal texts stay together."""
    seed: Seed | None = None
    """Seed of the draw. Not set: that of the run. Runs of several seeds are compared on one draw, so they need it."""


class TextFold(HeldOut):
    """A fold of the training texts that is not trained on, for cross-validation."""

    fold: Positive
    """Number of the fold, from 1 to `folds`."""
    folds: int = Field(ge=2, le=2**31 - 1)
    """Number of folds of the training texts. Each has the same share of each class, and equal texts stay together."""


DevelopmentTexts = Annotated[
    Annotated[Source, Tag("file")]
    | Annotated[tuple[Source, ...], Field(min_length=1), Tag("files")]
    | Annotated[TextShare, Tag("share")],
    Discriminator(corpus_kind),
    AfterValidator(expanded),
]
"""One source or several, or a share of the training texts."""


class TextClassData(Section):
    """The texts with their classes, and the format of their files."""

    train: CorpusFiles
    """Training texts: a file or folder in any format of docs/classification.md, `hf:NAME` or `sample:FILE`. A list, or
    a pattern such as `data/*.csv`, names several."""
    dev: DevelopmentTexts
    """Development texts. Choose the epoch to keep and the temperature of the confidences. `{ share = 0.1 }` cuts a
    tenth off the training texts."""
    test: CorpusFiles | None = None
    """Test texts. Scored once, after training."""
    fraction: float = Field(1.0, gt=0, le=1)
    """Fraction of the training texts to use. Smaller fractions are subsets of larger ones, whatever the seed."""
    held_out: TextFold | None = None
    """Fold of the training texts to leave out, for cross-validation. Not set: use all texts."""
    text_column: ColumnNames | None = None
    """Column of the text: an index, a name in the header line, or a key of JSON. A list joins several, such as a title
    and a text. Not set: found by names and content."""
    label_column: ColumnNames | None = None
    """Column of the class: an index, a name or a key; -1 is the last column. A list names columns of 0 and 1, one a
    class. Not set: found by names and content."""
    separator: str | None = Field(None, min_length=1)
    """Text between the cells of a line, such as a comma, a tab or a blank. Not set: found by content."""
    header: bool | None = None
    """The first line names the columns. Not set: found by content."""
    label_separator: str | None = Field(None, min_length=1)
    """Text between several classes in a cell. Not set: a cell is one class. JSON has lists of classes."""
    label_names: tuple[str, ...] | dict[str, str] = ()
    """Names of classes that are numbers, from 0; or a table of names, such as `{ 1 = "World", 2 = "Sports" }`."""
    encoding: str = "utf-8"
    """Character encoding of the files."""
    tokenizer: str | None = Field(None, pattern=r"^(blanks|jieba|pythainlp|[\w.]+:\w+)$")
    """Cuts the texts: `blanks` for texts that are cut already, `jieba`, `pythainlp`, or a `module:function`. Not set:
    rules for words and punctuation."""
    on_empty: Literal["error", "skip"] = "error"
    """Treatment of texts without a word. Skipped texts are counted."""

    @field_validator("label_names")
    @classmethod
    def check_label_names(cls, names: tuple[str, ...] | dict[str, str]) -> tuple[str, ...] | dict[str, str]:
        """Raise `ValueError` for a class without a name, or for two numbers of one name. A table may join classes."""
        each = list(names.values()) if isinstance(names, dict) else list(names)
        if any(not name or name != name.strip() for name in each):
            raise ValueError("expected names without blanks around them, none of them empty")
        twice = next((name for number, name in enumerate(each) if name in each[:number]), None)
        if twice is not None and not isinstance(names, dict):
            raise ValueError(f"expected each name once, not {twice!r} twice")
        return names
