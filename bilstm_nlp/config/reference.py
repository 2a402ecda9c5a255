"""A reference of every key of a config in Markdown, made from the JSON Schema: docs/configuration.md."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from bilstm_nlp.config.reading import json_schema
from bilstm_nlp.config.sections import LARGEST

Node = dict[str, Any]

INTRODUCTION = f"""# Configuration

Every key of a config file: type and range, default, meaning. `bilstm-nlp schema --markdown` prints this page,
`bilstm-nlp schema` the JSON Schema for editors, and `bilstm-nlp init ner` or `bilstm-nlp init forecasting` a commented
file to begin with.

- A file is TOML. `[encoder]` begins a table, and `encoder.cell = "gru"` sets a key of a table from outside.
- `--set encoder.cell=gru` overrides a key on the command line. Quotes around text may be left out.
- Some tables come in several kinds, which have keys of their own. `--set head="{{kind='softmax'}}"` replaces the whole
  table, with the defaults of that kind.
- Integers are at most {LARGEST:,}. Numbers are finite.
- Unknown keys, wrong types and values out of range are errors. All of them are reported at once.
"""


def markdown() -> str:
    """Return the reference, a chapter for each task.

    >>> markdown().splitlines()[0]
    '# Configuration'
    """
    schema = json_schema()
    parts = [INTRODUCTION]
    for config in _configs(schema):
        keys = [key for key in ("task", "input") if "const" in config["properties"].get(key, {})]
        title = ", ".join(f"{key} = {json.dumps(config['properties'][key]['const'])}" for key in keys)
        parts.append(f"## {title}\n\n{config['description']}\n")
        parts += _sections(config, "")
    return "\n".join(parts)


def _configs(node: Node) -> Iterator[Node]:
    """Yield the schema of each config; classifiers of several inputs are a node of their own."""
    for member in node["oneOf"]:
        resolved = _resolved(member)
        yield from _configs(resolved) if "oneOf" in resolved else [resolved]


def _sections(table: Node, prefix: str) -> Iterator[str]:
    """Yield a section for each table and kind of table below `table`, in the order of the keys."""
    if not prefix:
        yield _key_table(table)
    for name, node in table["properties"].items():
        members = _tables_of(node)
        for member in members:
            kind = member["properties"].get("kind", {}).get("const")
            title = f"[[{prefix}{name}]]" if "items" in node else f"[{prefix}{name}]"
            heading = f"### {title}" + (f' kind = "{kind}"' if kind else "")
            text = member.get("description") or ("" if len(members) > 1 else node.get("description", ""))
            yield "\n\n".join(part for part in (heading, _in_line(text), _key_table(member)) if part)
            yield from _sections(member, f"{prefix}{name}.")


def _key_table(table: Node) -> str:
    """Return the keys of a table as rows; empty for a table with no key but `kind`."""
    required = table.get("required", ())
    rows = [
        (f"`{name}`", _type(node), _default(node, name in required), _in_line(_description(node)))
        for name, node in table["properties"].items()
        if name != "kind" or "const" not in node
    ]
    if not rows:
        return ""
    lines = [("key", "type", "default", "meaning"), ("---", "---", "---", "---"), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines) + "\n"


def _description(node: Node) -> str:
    """Return the description of a key; a table may have it in its own schema."""
    return str(node.get("description") or _resolved(node).get("description", ""))


def _in_line(text: str) -> str:
    """Return text without line breaks."""
    return " ".join(text.split())


def _resolved(node: Node) -> Node:
    """Return the schema that a `$ref` refers to."""
    if "$ref" not in node:
        return node
    definition: Node = json_schema()["$defs"][node["$ref"].rpartition("/")[2]]
    return definition


def _tables_of(node: Node) -> list[Node]:
    """Return the tables that a key may have as its value, or as members of a list.

    There are several if a table has kinds, and none for a plain value.
    """
    nodes = (*node.get("oneOf", ()), *node.get("anyOf", ()), *([node["items"]] if "items" in node else ()), node)
    members = [_resolved(member) for member in nodes]
    return [member for member in members if "properties" in member]


def _type(node: Node) -> str:
    """Describe the type and the range of a value."""
    members = [member for member in (*node.get("anyOf", ()), *node.get("oneOf", ())) if member.get("type") != "null"]
    tables = _tables_of(node)
    if members and len(tables) < len(members):
        return " or ".join(dict.fromkeys(map(_type, map(_resolved, members))))
    if tables:
        if "items" in node:
            return "list of tables"
        kinds = [member["properties"]["kind"]["const"] for member in tables if "kind" in member["properties"]]
        return f"table of kind {_either(kinds)}" if kinds else "table"
    if "const" in node:
        return _either([node["const"]])
    if "enum" in node:
        return _either(node["enum"])
    match node["type"]:
        case "array" if "prefixItems" in node:
            return f"list of {len(node['prefixItems'])}: {_type(node['prefixItems'][0])}"
        case "array":
            return f"list of {_type(node['items'])}" + (", not empty" if node.get("minItems") else "")
        case "object":
            return f"table of {_type(node['additionalProperties'])}"
        case "boolean":
            return "`true` or `false`"
        case "string":
            return {"date": "date", "date-time": "date and time"}.get(node.get("format", ""), "text")
        case name:
            return ", ".join([str(name), *_range(node)])


def _range(node: Node) -> Iterator[str]:
    """Yield the limits of a number."""
    words = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below"}
    for key, word in words.items():
        if key in node and node[key] != LARGEST:
            yield f"{word} {node[key]:g}" if isinstance(node[key], float) else f"{word} {node[key]}"


def _either(values: list[str]) -> str:
    """Join values with commas and a last "or"."""
    quoted = [f'`"{value}"`' for value in values]
    return " or ".join([part for part in (", ".join(quoted[:-1]), quoted[-1]) if part])


def _default(node: Node, required: bool) -> str:
    """Return the default of a key as TOML; a table has the default of its kind."""
    if required:
        return "required"
    value = node.get("default")
    if isinstance(value, dict):
        return f'`kind = "{value["kind"]}"`' if "kind" in value else ""
    return "not set" if value is None else f"`{json.dumps(value, ensure_ascii=False)}`"
