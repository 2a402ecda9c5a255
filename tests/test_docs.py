"""The pages for people: the files, commands, options and links that they name exist."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.main import get_group

from bilstm_nlp.cli.app import app
from bilstm_nlp.config import load
from bilstm_nlp.errors import ConfigError
from bilstm_nlp.studies.compare import grid as grids

ROOT = Path(__file__).parent.parent
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "models").glob("*/*.md")),
]
SCRIPTS = sorted((ROOT / "scripts").glob("*.sh"))

BLOCK = re.compile(r"^```(?s:.*?)^```|(?:^    .*\n?)+", re.MULTILINE)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)", re.MULTILINE)
HERE = re.compile(r"https://github\.com/bilstm-nlp/bilstm-nlp/(?:blob|raw|tree)/main/")
"""An absolute link into this repository: the README needs absolute links where a package index shows it alone."""
HEADING = re.compile(r"^#+ +(.*?) *$", re.MULTILINE)
PATH = re.compile(r"(?<![\w./-])(?:bilstm_nlp|configs|docs|scripts|tests)/[\w./*{},-]*[\w*}]")
SOURCE = re.compile(r"[\w/]+/\w+\.(?:py|html|js|json|md|sh|toml|txt)")
CALL = re.compile(r"(?:bilstm-nlp|-m bilstm_nlp)(?= )([^|;#\n]*)")
OPTION = re.compile(r"--?[a-zA-Z][\w-]*")


def by_path(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def blocks(text: str) -> list[str]:
    """Return the code blocks of a page. Continued lines are joined."""
    return [match[0].replace("\\\n", " ") for match in BLOCK.finditer(text)]


def spans(text: str) -> list[str]:
    """Return the inline code of a page. A span may contain a line end of its paragraph."""
    return SPAN.findall(BLOCK.sub("\n\n", text).replace("\n", " "))


def variants(path: str) -> Iterator[str]:
    """Yield the paths that a path with braces stands for: a/{b,c} is a/b and a/c."""
    match = re.search(r"\{([^}]*)\}", path)
    if match is None:
        yield path
        return
    for part in match[1].split(","):
        yield from variants(path[: match.start()] + part + path[match.end() :])


def missing_files(text: str) -> list[str]:
    """Return the files that a page names and the repository does not have.

    A path counts if it begins with a folder of the root. In inline code, paths within the package count, too.
    A name in capitals is a placeholder: tasks/NAME/task.py.
    """
    paths = set(PATH.findall(text))
    within = {span for span in spans(text) if SOURCE.fullmatch(span) and not re.search(r"\b[A-Z_]+/", span)}
    missing = [path for path in paths if not all(any(ROOT.glob(part)) for part in variants(path))]
    missing += [
        path for path in within - paths if not any((root / path).exists() for root in (ROOT, ROOT / "bilstm_nlp"))
    ]
    return sorted(missing)


def known_options() -> dict[str, set[str]]:
    """Return the options of each command. The command line itself has the name ''."""
    group = get_group(app)
    context = group.make_context("bilstm-nlp", [], resilient_parsing=True)
    options = {"": group}
    options |= {name: command for name in group.list_commands(context) if (command := group.get_command(context, name))}
    return {
        name: {
            option
            for parameter in command.get_params(context)
            for option in (*parameter.opts, *parameter.secondary_opts)
            if option.startswith("-")
        }
        for name, command in options.items()
    }


OPTIONS = known_options()


def calls(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield (command, its options) for each call of the command line in a page.

    Inline code may leave out the program's name: `train --resume`.
    """
    code = [*blocks(text), *spans(text)]
    arguments = [match[1].split() for piece in code for match in CALL.finditer(piece)]
    arguments += [words for span in spans(text) if (words := span.split()) and words[0] in OPTIONS]
    for words in arguments:
        command = "" if not words or words[0].startswith("-") else words[0]
        if not command.isupper():
            yield command, [match[0] for word in words if (match := OPTION.match(word))]


def unknown_calls(text: str) -> list[str]:
    """Return the commands and options that a page names and the command line does not have."""
    unknown = []
    for command, options in calls(text):
        if command not in OPTIONS:
            unknown.append(command)
        else:
            unknown += [f"{command} {option}".strip() for option in options if option not in OPTIONS[command]]
    return sorted(set(unknown))


def refused_overrides(text: str) -> list[str]:
    """Return what the configs of the repository refuse of the `--set KEY=VALUE` in a page's calls."""
    refused = []
    for arguments in (match[1] for block in blocks(text) for match in CALL.finditer(block)):
        words = shlex.split(arguments)
        if len(words) > 1 and (path := ROOT / words[1]).is_relative_to(ROOT / "configs"):
            overrides = [value for option, value in pairwise(words) if option == "--set"]
            try:
                (grids.read if words[0] == "compare" else load)(path, overrides)
            except ConfigError as error:
                refused += error.problems
    return refused


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    made: dict[str, int] = {}
    for heading in HEADING.findall(BLOCK.sub("\n", text)):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        anchor = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        made[anchor] = made.get(anchor, -1) + 1
        if made[anchor]:
            made[f"{anchor}-{made[anchor]}"] = 0
    return set(made)


def broken_links(text: str, page: Path) -> list[str]:
    """Return the links of a page into this repository that lead to no file, or to no heading of it."""
    broken = []
    for link in ("".join(pair) for pair in LINK.findall(BLOCK.sub("\n", text))):
        folder, local = (ROOT, HERE.sub("", link)) if HERE.match(link) else (page.parent, link)
        if re.match(r"[a-z]+:", local):
            continue
        path, _, anchor = local.partition("#")
        target = folder / path if path else page
        there = anchors(target.read_text(encoding="utf-8") if path else text) if anchor and target.is_file() else set()
        if not target.exists() or (anchor and anchor not in there):
            broken.append(link)
    return broken


@pytest.mark.parametrize("page", [*PAGES, *SCRIPTS], ids=by_path)
def test_files_named_in_pages_and_scripts_exist(page):
    assert missing_files(page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("page", PAGES, ids=by_path)
def test_commands_and_options_in_pages_exist(page):
    assert unknown_calls(page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("page", PAGES, ids=by_path)
def test_configs_take_the_overrides_in_pages(page):
    assert refused_overrides(page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("page", PAGES, ids=by_path)
def test_links_into_the_repository_lead_to_files_and_headings(page):
    assert broken_links(page.read_text(encoding="utf-8"), page) == []


def test_missing_files_are_named():
    text = "See tests/test_docs.py, tests/none.py, `docs/{results,none}.md`, `tags.py`, `data/none.py` and `a/B/c.py`."
    assert missing_files(text) == ["data/none.py", "docs/{results,none}.md", "tests/none.py"]


def test_unknown_commands_and_options_are_named():
    text = """
Give `train --nothing`, `bilstm-nlp fly RUN`, `bilstm-nlp COMMAND --help` or `train CONFIG
--neither`; `plain --words` are no call.

    bilstm-nlp --nowhere
    cat text | bilstm-nlp predict RUN - \\
        --setting=1 --format text   # --like this
    torchrun --standalone -m bilstm_nlp train CONFIG --resume
"""
    assert unknown_calls(text) == ["--nowhere", "fly", "predict --setting", "train --neither", "train --nothing"]


def test_refused_overrides_are_named():
    text = """
    bilstm-nlp train configs/ner/sample.toml --set seed=2 --set \\
        encoder.cell=none   # a comment
    bilstm-nlp compare configs/compare/sample.toml --set encoder.nothing=1
"""
    cell, nothing = refused_overrides(text)
    assert cell.startswith("encoder.cell: expected")
    assert "encoder.nothing" in nothing


def test_links_to_nothing_are_named():
    page = ROOT / "README.md"
    text = """
# A title, `code`
## A title, `code`
[good](docs/results.md), [home](#a-title-code), [second](#a-title-code-1), [web](https://example.org/none),
[gone](docs/none.md), [no heading](#none), [no heading there](docs/results.md#none)

    # a comment
"""
    assert broken_links(text, page) == ["docs/none.md", "#none", "docs/results.md#none"]


def commands(text: str) -> list[list[str]]:
    """Return the arguments of each call of the command line in the blocks of a page."""
    return [shlex.split(match[1]) for block in blocks(text) for match in CALL.finditer(block)]


@pytest.mark.slow
def test_the_page_on_forecasting_runs_as_it_stands(call, tmp_path, monkeypatch):
    """Trainings are cut short; everything else is as on the page."""
    text = (ROOT / "docs" / "forecasting.md").read_text(encoding="utf-8")
    data, python = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(data, {})
    first, *others = commands(text)
    assert first == ["check", "sales.csv"]
    refused = call(*first)
    assert refused.status == 2
    quoted = re.search(r"^sales\.csv:98: .*", text, re.MULTILINE)
    assert quoted is not None
    assert quoted[0] in refused.out
    assert [arguments[0] for arguments in others].count("train") == 3
    for arguments in others:
        if "--baselines" in arguments:
            pytest.importorskip("statsforecast")
        short = (
            ["--set", "training.steps=30", "--set", "training.epochs=2"] if arguments[0] in ("train", "init") else []
        )
        assert call(*arguments, *short).status == 0, arguments
    for name, rows in (("backtest.csv", 8 * 12 * 12), ("refitted.csv", 8 * 2 * 12), ("forecast.csv", 8 * 12)):
        assert len(pd.read_csv(name)) == rows
    scope: dict[str, Any] = {}
    exec(python, scope)
    assert list(scope["future"].columns) == [
        "unique_id",
        "origin",
        "ds",
        "step",
        "column",
        "forecast",
        "lower",
        "upper",
    ]
    assert len(scope["past"]) == 8 * 12 * 12
