"""Descriptions of keys, compared with those that pydantic reads when it makes a class."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from bilstm_nlp.config.descriptions import Described


class Parent(Described):
    first: int = 1
    """The first key,
    on two lines."""
    plain: int = 2
    second: str = ""
    """The second key."""


class Child(Parent):
    """A table."""

    second: str = "x"
    third: Parent = Parent()
    """The third key."""


class ParentOfPydantic(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)

    first: int = 1
    """The first key,
    on two lines."""
    plain: int = 2
    second: str = ""
    """The second key."""


class ChildOfPydantic(ParentOfPydantic):
    """A table."""

    second: str = "x"
    third: ParentOfPydantic = ParentOfPydantic()
    """The third key."""


def test_json_schema_has_the_descriptions_of_pydantic():
    expected = str(ChildOfPydantic.model_json_schema()).replace("OfPydantic", "")
    assert str(Child.model_json_schema()) == expected
    assert "on two lines" in expected
    assert "The third key" in expected
