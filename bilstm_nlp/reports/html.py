"""Pages of HTML in one file: a shared style, escaped templates, and a policy that lets nothing else load or run."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Template


def template(source: str, filters: Mapping[str, Callable[..., Any]]) -> Template:
    """Compile a jinja2 template that escapes every value it is given, and refuses names that have no value.

    It may extend a page of `reports/web`, such as `tables.html`.

    >>> template("<b>{{ name }}</b>", {}).render(name="<script>")
    '<b>&lt;script&gt;</b>'
    """
    from jinja2 import Environment, FunctionLoader, StrictUndefined  # where a page is made: the import takes 50 ms

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True, loader=FunctionLoader(_shared)
    )
    environment.filters.update(filters)
    return environment.from_string(source)


def style(own: str) -> str:
    """Return the style that all pages share, followed by a page's own."""
    return _shared("base.css") + own


def marked_style(own: str) -> str:
    """Return the style of pages of numbered paragraphs with marks, followed by a page's own."""
    return style(_shared("marked.css") + own)


def table_style(own: str = "") -> str:
    """Return the style of pages of facts and tables, followed by a page's own."""
    return style(_shared("tables.css") + own)


def policy(style: str, script: str) -> str:
    """Return a content security policy that allows this style, this script, and nothing else."""
    return (
        f"default-src 'none'; base-uri 'none'; form-action 'none'; "
        f"style-src '{fingerprint(style)}'; script-src '{fingerprint(script)}'"
    )


def fingerprint(text: str) -> str:
    """Return the digest by which a policy allows one style or script.

    >>> fingerprint("")
    'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='
    """
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _shared(name: str) -> str:
    """Read a file that pages share."""
    return (files("bilstm_nlp.reports") / "web" / name).read_text(encoding="utf-8")
