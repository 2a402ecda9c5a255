"""report.html: report.json in a page that draws it. One file, and nothing from outside; web/ has its parts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from string import Template

from bilstm_nlp.reports.html import policy, style
from bilstm_nlp.system.json_values import Json

SCRIPTS = ("elements", "charts", "facts", "tables", "plots", "disagreements", "page")
"""In this order: each uses those before it."""


def page(report: Mapping[str, Json]) -> str:
    """The page for an answer's JSON, which travels in it as it is. Raises `ValueError` for NaN and infinities."""
    look = style(resource("page.css"))
    script = "\n".join(resource(f"{name}.js") for name in SCRIPTS)
    return Template(resource("page.html")).substitute(
        policy=policy(look, script),
        style=look,
        report=embedded(report),
        script=script,
    )


def resource(name: str) -> str:
    return (files("bilstm_nlp.studies.compare") / "web" / name).read_text(encoding="utf-8")


def embedded(report: Mapping[str, Json]) -> str:
    """JSON for within `<script>`: of ASCII only, and without the characters by which HTML could end or nest it."""
    text = json.dumps(report, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
