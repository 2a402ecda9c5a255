"""The page on formats shows what each format writes."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from bilstm_nlp.data.text import brat_folder
from bilstm_nlp.data.text.annotation_output import as_brat
from bilstm_nlp.data.text.output import Entity, OutputFormat, TaggedSentence
from bilstm_nlp.data.text.sentence import Sentence
from bilstm_nlp.tasks.tagging.output_format import frame_of, writer_of

PAGE = (Path(__file__).parent.parent.parent.parent / "docs" / "formats.md").read_text(encoding="utf-8")
TEXT = "EU rejects German call"
TAGGED = TaggedSentence(
    Sentence(("EU", "rejects", "German", "call"), None, 1, text=TEXT, offsets=((0, 2), (3, 10), (11, 17), (18, 22))),
    TEXT,
    ("B-ORG", "O", "B-MISC", "O"),
    (Entity("EU", "ORG", 0, 2, 0, 1, None), Entity("German", "MISC", 11, 17, 2, 3, None)),
)


def block(lines: str) -> str:
    """Return lines as they stand in a block of code."""
    return "".join(f"    {line}\n" for line in lines.splitlines() if line)


@pytest.mark.parametrize("kind", [kind for kind in get_args(OutputFormat) if kind not in ("html", "docbin", "brat")])
def test_the_page_shows_what_a_format_writes(kind):
    frame = frame_of(kind, ("MISC", "ORG"), "news.txt", "text")
    assert block(frame.header + writer_of(kind, ("MISC", "ORG"))(1, TAGGED) + frame.footer) in PAGE


def test_the_page_shows_the_files_of_brat(tmp_path):
    pieces = [brat_folder.header("news.txt", "text", ("MISC", "ORG")).encode(), as_brat(1, TAGGED).encode()]
    assert list(brat_folder.write(pieces, tmp_path)) == [1]
    assert block((tmp_path / "news.ann").read_text()) in PAGE
