"""report.html: it carries the report unharmed, and asks nothing of a network."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.studies.compare.example_reports import HOSTILE, Parts, carried, forecasting_report, page, tagging_report


@pytest.fixture(scope="module")
def tagging():
    return tagging_report()


@pytest.fixture(scope="module")
def forecasting():
    return forecasting_report()


TEXT = st.one_of(st.text(), st.sampled_from(HOSTILE))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXT),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(TEXT, VALUES, max_size=4))
def test_the_page_holds_the_report_unchanged(report):
    text = page(report)
    assert [tag for tag, *_ in Parts(text).raw] == ["style", "script", "script"]
    embedded = carried(text)
    assert json.loads(embedded) == report
    assert embedded.isascii()
    assert not set(embedded) & set("<>&")


def test_lone_surrogates_survive():
    assert json.loads(carried(page({"name": "\ud800"}))) == {"name": "\ud800"}


def test_what_is_no_number_is_refused():
    with pytest.raises(ValueError, match="not JSON compliant"):
        page({"name": float("nan")})


def test_nothing_comes_from_outside(tagging):
    text = page(tagging).replace(carried(page(tagging)), "")
    assert set(re.findall(r"\w+://[^\s\"')]*", text)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"""\b(src|href)\s*=\s*["'](?!#)|url\(|@import|\bfetch\(|XMLHttpRequest|import\(""", text)


def test_scripts_make_no_markup_of_text():
    rooms = ("studies.compare", "tasks.tagging", "tasks.forecasting")
    folders = [files(f"bilstm_nlp.{room}") / "web" for room in rooms]
    scripts = [path for folder in folders for path in folder.iterdir() if path.name.endswith(".js")]
    assert len(scripts) > 3
    for script in scripts:
        forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|setHTML|DOMParser|eval|Function\("
        assert not re.search(forbidden, script.read_text(encoding="utf-8")), script.name


def test_the_policy_allows_only_the_own_style_and_script(tagging):
    parts = Parts(page(tagging))
    (policy,) = [meta["content"] for meta in parts.metas if meta.get("http-equiv") == "Content-Security-Policy"]
    allowed = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    prints = {
        tag: f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
        for tag, attributes, content in parts.raw
        if "type" not in attributes
    }
    assert allowed == {
        "default-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "style-src": prints["style"],
        "script-src": prints["script"],
    }
