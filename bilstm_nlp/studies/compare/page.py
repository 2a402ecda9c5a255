"""report.html: a page that draws report.json. It is one file and loads nothing; web/ has its parts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from string import Template

from bilstm_nlp.reports.html import policy, style
from bilstm_nlp.system.json_values import Json
from bilstm_nlp.tasks.comparison import View

BEFORE_VIEW = ("elements", "charts", "facts", "tables", "plots")
AFTER_VIEW = ("disagreements", "page")
"""The scripts of the page in order: each uses those before it. The task's view of disagreements is between them."""


def page(report: Mapping[str, Json], view: View | None = None) -> str:
    """Return the page for a report, which is embedded in it unchanged.

    `view` draws the disagreements; without it each is a plain table.
    Raises `ValueError` for NaN and infinities.
    """
    view = view or View(_resource("plain.js"), "")
    look = style(_resource("page.css") + view.style)
    scripts = [
        *(_resource(f"{name}.js") for name in BEFORE_VIEW),
        view.script,
        *(_resource(f"{name}.js") for name in AFTER_VIEW),
    ]
    script = "\n".join(scripts)
    return Template(_resource("page.html")).substitute(
        policy=policy(look, script),
        style=look,
        report=_embedded(report),
        script=script,
    )


def _resource(name: str) -> str:
    """Return the text of a file in web/."""
    return (files("bilstm_nlp.studies.compare") / "web" / name).read_text(encoding="utf-8")


def _embedded(report: Mapping[str, Json]) -> str:
    """Write JSON for a `<script>` element: in ASCII, and without characters that could end the element."""
    text = json.dumps(report, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
