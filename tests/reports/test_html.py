"""Templates escape every value, and a policy names the one style and script that it allows."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys

import pytest
from jinja2 import UndefinedError

from bilstm_nlp.reports.html import fingerprint, policy, style, template


def test_every_value_is_escaped():
    page = template('<b title="{{ a }}">{{ b|double }}</b>', {"double": lambda text: text * 2})
    assert page.render(a="\"'>", b="<&") == '<b title="&#34;&#39;&gt;">&lt;&amp;&lt;&amp;</b>'


def test_a_name_without_a_value_is_refused():
    with pytest.raises(UndefinedError, match="'missing' is undefined"):
        template("{{ missing }}", {}).render()


def test_a_policy_allows_its_style_and_script_only():
    allowed = dict(part.split(" ", 1) for part in policy("a {}", "f()").split("; "))
    assert allowed["default-src"] == "'none'"
    for kind, text in (("style-src", "a {}"), ("script-src", "f()")):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert allowed[kind] == f"'sha256-{digest}'" == f"'{fingerprint(text)}'"


def test_pages_share_a_style():
    assert style("b {}").endswith("b {}")
    assert ":root" in style("")


@pytest.mark.slow
def test_jinja_is_imported_for_a_page_only():
    program = "import sys, bilstm_nlp.tasks.tagging.errors_page; assert 'jinja2' not in sys.modules"
    check = "import torch, sys; before = 'jinja2' in sys.modules; "
    subprocess.run([sys.executable, "-c", f"{check}{program} or before"], check=True)
