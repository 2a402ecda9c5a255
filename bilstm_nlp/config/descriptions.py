"""The descriptions of keys: the strings below them in the source. They are read only where they are shown.

pydantic can read them too, but does so whenever a class is made: a sixth of the time of a first prediction.
"""

from __future__ import annotations

import ast
import inspect
import sys
from contextlib import suppress
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from pydantic import BaseModel

if TYPE_CHECKING:
    from pydantic import GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema


class Described(BaseModel):
    """A model whose JSON Schema describes each key by the string below it."""

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Return the JSON Schema. A key of a table has no description that only repeats the table's."""
        reference = handler(schema)
        properties = handler.resolve_ref_schema(reference).get("properties", {})
        for key, text in descriptions_of(cls).items():
            if key not in properties:
                continue
            with suppress(LookupError):  # the table's own schema may be made later
                if handler.resolve_ref_schema(properties[key]).get("description") == text:
                    continue
            properties[key]["description"] = text
        return reference


def descriptions_of(section: type) -> dict[str, str]:
    """Return the descriptions of a class's keys, those of its bases included. Keys without a string have none.

    >>> from bilstm_nlp.config.sections import EncoderConfig
    >>> descriptions_of(EncoderConfig)["cell"]
    'The recurrent cell.'
    """
    texts: dict[str, str | None] = {}
    for base in reversed(section.__mro__):
        texts |= _of_modules_classes(base.__module__).get(base.__qualname__, {})
    return {key: text for key, text in texts.items() if text is not None}


@cache
def _of_modules_classes(module: str) -> dict[str, dict[str, str | None]]:
    """Return the keys of the classes at the top of a module, and their descriptions. Without the source: none."""
    with suppress(OSError, TypeError, KeyError):
        tree = ast.parse(inspect.getsource(sys.modules[module]))
        return {node.name: _of_keys(node) for node in tree.body if isinstance(node, ast.ClassDef)}
    return {}


def _of_keys(node: ast.ClassDef) -> dict[str, str | None]:
    """Return the annotated names of a class. The string after a name describes it."""
    texts: dict[str, str | None] = {}
    for statement, following in pairwise([*node.body, ast.Pass()]):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            match following:
                case ast.Expr(ast.Constant(str(text))):
                    texts[statement.target.id] = inspect.cleandoc(text)
                case _:
                    texts[statement.target.id] = None
    return texts
