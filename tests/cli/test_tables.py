"""Tables on the terminal: no word is broken, whatever the width."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bilstm_nlp.cli.tables import EDGES, GAP, parts, print_sections
from bilstm_nlp.reports.sections import Section, Table

WORDS = st.lists(st.text("abc", min_size=1, max_size=12), max_size=4).map(" ".join)


@given(st.integers(2, 6).flatmap(lambda n: st.lists(st.lists(WORDS, min_size=n, max_size=n), min_size=1, max_size=4)))
def test_parts_hold_all_columns_and_every_word_fits(rows):
    table = Table("", rows[0], rows[1:])
    shown = parts(table, 40)
    assert [part.header[0] for part, _ in shown] == [rows[0][0]] * len(shown)
    assert [name for part, _ in shown for name in part.header[1:]] == rows[0][1:]
    for part, widths in shown:
        for cells in (part.header, *part.rows):
            for cell, width in zip(cells, widths, strict=True):
                assert all(len(word) <= width for word in cell.split())
        assert sum(widths) + GAP * (len(widths) - 1) + EDGES <= 40 or len(widths) == 2


@pytest.mark.parametrize("width", [20, 40, 80])
def test_printed_tables_break_no_word(capsys, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    words = [
        "bilstm-crf, encoder.layers=2",
        "0.9123",
        "seasonal naive forecast",
        "12,345,678",
        "of the validation part",
    ]
    table = Table("A title that is longer than the table", [f"column {i}" for i in range(5)], [words, words])
    print_sections([Section("Title", [table, "text"])])
    printed = capsys.readouterr().out
    assert "…" not in printed
    for word in " ".join([*table.header, *words]).split():
        assert word in printed
    assert len(max(printed.splitlines(), key=len)) <= max(width, 40)


def test_a_word_longer_than_the_terminal_stays_whole(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    print_sections([Section("Data", [Table("", ("file", "SHA-256"), [("/a/b c.txt", "0123456789abcdef" * 4)])])])
    assert "0123456789abcdef" * 4 in capsys.readouterr().out


def test_text_from_data_moves_no_cursor(capsys):
    print_sections([Section("a\x1b[2J", [Table("\u202eb", ("c\n",), [("d\t",)])])])
    printed = capsys.readouterr().out
    assert all(character.isprintable() or character == "\n" for character in printed)
    assert "a\\x1b[2J" in printed
