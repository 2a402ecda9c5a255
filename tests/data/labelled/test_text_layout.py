from __future__ import annotations

import pytest

from tests.data.labelled.reading import error_of, pairs_of, texts_of


@pytest.mark.parametrize("columns", [("label", "text"), ("Review", "Sentiment"), ("v1", "v2")])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_header_names_columns(tmp_path, columns, separator):
    rows = [("1", "two words or three"), ("0", "and these are more"), ("1", "x y z"), ("0", "y z")] * 2
    text_first = columns[0] == "Review"
    lines = [columns, *(row[::-1] if text_first else row for row in rows)]
    content = "".join(separator.join(line) + "\n" for line in lines)
    assert pairs_of(tmp_path / "reviews.csv", content) == rows


def test_class_with_the_name_of_a_column_is_no_header(tmp_path):
    content = "question,What is it?\nstatement,It is.\nquestion,Who is?\nstatement,Fine.\n"
    assert pairs_of(tmp_path / "a.csv", content)[0] == ("question", "What is it?")


def test_lines_with_another_number_of_commas_than_the_first_are_read(tmp_path):
    lines = ["1 a stirring , funny film", "0 dull", "0 slow , flat , and long , too", "1 fine , though", "1 a gem"] * 3
    pairs = pairs_of(tmp_path / "a.txt", "".join(f"{line}\n" for line in lines))
    assert pairs == [tuple(line.split(" ", 1)) for line in lines]


def test_columns_of_several_words_are_joined_and_said(tmp_path):
    content = (
        '"3","Wall St. Bears Claw","Short-sellers, the ""band"", are green."\n'
        '"4","Oil prices soar high again","Soaring prices\nplus worries"\n'
        '"3","Iraq halts exports","Authorities have halted the flow"\n'
        '"4","Oil soars","It is higher than ever"\n'
    )
    remarks = []
    texts = texts_of(tmp_path / "train.csv", content, remarks)
    assert [(text.line, text.classes) for text in texts] == [(1, ("3",)), (2, ("4",)), (4, ("3",)), (5, ("4",))]
    assert texts[0].text == 'Wall St. Bears Claw Short-sellers, the "band", are green.'
    assert texts[1].text == "Oil prices soar high again Soaring prices\nplus worries"
    assert "columns 1, 2 are joined" in remarks[0].message


def test_title_and_text_are_joined_by_their_names(tmp_path):
    content = "id,title,content,label\n7,A film,It is good.,pos\n8,B,It is not.,neg\n"
    texts = texts_of(tmp_path / "a.csv", content)
    assert [(text.text, text.classes, text.other) for text in texts] == [
        ("A film It is good.", ("pos",), {"id": "7"}),
        ("B It is not.", ("neg",), {"id": "8"}),
    ]


@pytest.mark.parametrize(
    ("rows", "texts", "said"),
    [
        (
            ["v1,v2,,", "ham,hello you,,", "spam,win now,,", "ham,ok then,,"],
            3,
            "names the columns; data.header = false",
        ),
        (["sentimento,texto"] + ["pos,bom filme", "neg,mau filme"] * 3, 6, "names the columns"),
        (["sentimento,texto", "pos,bom filme", "neg,mau filme", "pos,bem aqui", "neg,nada disto"], 5, "is a text"),
    ],
)
def test_header_without_known_names_is_told_or_doubted(tmp_path, rows, texts, said):
    remarks = []
    assert len(texts_of(tmp_path / "a.csv", "\n".join(rows), remarks)) == texts
    assert said in remarks[0].message


def test_header_lines_of_joined_files_are_skipped_and_noted(tmp_path):
    remarks = []
    content = "label,text\npos,good\nneg,bad\nlabel,text\npos,fine\n"
    texts = texts_of(tmp_path / "a.csv", content, remarks)
    assert [(text.line, *text.classes) for text in texts] == [(2, "pos"), (3, "neg"), (5, "pos")]
    assert [(remark.line, remark.kind) for remark in remarks] == [(4, "header lines again, skipped")]


def test_column_of_numbers_is_no_text(tmp_path):
    message = error_of(tmp_path / "a.tsv", "id\tlabel\n1\tpos\n2\tneg\n")
    assert message == "a.tsv: expected texts, or data.text_column to name them, found only numbers in id"


def test_column_without_the_name_of_a_text_is_said(tmp_path):
    remarks = []
    texts = texts_of(tmp_path / "a.csv", "label,saying\npos,well done you\nneg,never\n", remarks)
    assert [text.text for text in texts] == ["well done you", "never"]
    assert [remark.message for remark in remarks] == [
        "the first line, 'label saying', names the columns; data.header = false makes it a text",
        "the text is in column saying; data.text_column names others",
    ]


def test_dates_beside_a_text_are_no_text(tmp_path):
    rows = [(0, "a much too long day for me here, really"), (4, "happy"), (0, "my whole body"), (4, "love it")]
    dates = [f"Mon Apr 06 22:19:1{number} PDT 2009" for number in range(4)]
    content = "".join(f'"{label}","{date}","NONE","{text}"\n' for (label, text), date in zip(rows, dates, strict=True))
    assert pairs_of(tmp_path / "a.csv", content) == [(str(label), text) for label, text in rows]


def test_header_is_told_though_a_text_is_the_name_of_its_column(tmp_path):
    content = "label,text\npos,text\nneg,label\npos,a film\n"
    assert pairs_of(tmp_path / "a.csv", content) == [("pos", "text"), ("neg", "label"), ("pos", "a film")]


def test_quotes_around_some_texts_of_tabs_are_text(tmp_path):
    remarks = []
    texts = texts_of(tmp_path / "a.tsv", 'pos\t"good"\nneg\tbad\npos\tfine\nneg\tpoor\n', remarks)
    assert texts[0].text == '"good"'
    assert [remark.message for remark in remarks] == ["quotes are part of the text, because they don't enclose cells"]


def test_quotes_around_all_texts_of_tabs_enclose_cells(tmp_path):
    content = 'pos\t"good"\nneg\t"bad\tfilm"\npos\t"fine\nfilm"\nneg\t"poor"\n'
    assert pairs_of(tmp_path / "a.tsv", content) == [
        ("pos", "good"),
        ("neg", "bad\tfilm"),
        ("pos", "fine\nfilm"),
        ("neg", "poor"),
    ]


def test_text_with_a_comma_in_every_line_is_whole(tmp_path):
    rows = [("pos", "well, well"), ("neg", "no, not"), ("pos", "good, really"), ("neg", "so, so")]
    assert pairs_of(tmp_path / "a.txt", "".join(f"{label},{text}\n" for label, text in rows)) == rows


def test_quotes_that_enclose_no_cells_are_text_and_said(tmp_path):
    content = 'sentence\tlabel\nit \'s "charming"\t1\n"bleak\t0\nallows "hope\t1\n'
    remarks = []
    texts = texts_of(tmp_path / "train.tsv", content, remarks)
    assert [text.text for text in texts] == ['it \'s "charming"', '"bleak', 'allows "hope']
    assert [text.line for text in texts] == [2, 3, 4]
    assert "quotes are part of the text" in remarks[0].message


def test_quote_without_an_end_is_an_error_where_the_row_begins(tmp_path):
    content = 'label,text\npos,good\nneg,"bad\npos,fine, yes\n'
    assert error_of(tmp_path / "a.csv", content).startswith("a.csv:3: expected a cell in quotes that ends with one")


def test_class_and_text_with_commas_need_no_quotes(tmp_path):
    rows = [("pos", "good"), ("neg", "bad"), ("pos", "good, really, really"), ("neg", "x y")]
    assert pairs_of(tmp_path / "a.txt", "".join(f"{label},{text}\n" for label, text in rows)) == rows


def test_header_line_makes_other_widths_errors(tmp_path):
    content = "label,text\npos,good, really\nneg,bad\n"
    expected = "a.csv:2: expected 2 cells, cells parted by comma, as most rows have, found 3: 'pos,good, really'"
    assert error_of(tmp_path / "a.csv", content) == expected


def test_punctuation_at_the_ends_of_lines_is_no_class(tmp_path):
    content = "DESC:manner How is it ?\nENTY:animal What is it ?\nDESC:manner How so ?\nENTY:animal What else .\n"
    labels = [classes for classes, _ in pairs_of(tmp_path / "a.txt", content)]
    assert labels == ["DESC:manner", "ENTY:animal", "DESC:manner", "ENTY:animal"]


def test_scripts_without_blanks_are_read(tmp_path):
    rows = [("财经", "股市今天上涨了"), ("体育", "足球比赛开始了"), ("财经", "银行利率下降"), ("体育", "篮球运动员")]
    assert pairs_of(tmp_path / "a.tsv", "".join(f"{label}\t{text}\n" for label, text in rows)) == rows


def test_lone_returns_end_lines_of_old_files(tmp_path):
    assert pairs_of(tmp_path / "a.txt", "pos\tgood\rneg\tbad\rpos\tfine\rneg\tpoor") == [
        ("pos", "good"),
        ("neg", "bad"),
        ("pos", "fine"),
        ("neg", "poor"),
    ]


def test_byte_order_mark_is_no_part_of_the_header(tmp_path):
    assert pairs_of(tmp_path / "a.csv", "\ufefflabel,text\r\npos,good\r\nneg,bad\r\n") == [
        ("pos", "good"),
        ("neg", "bad"),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("pos good\nneg bad\npos bad\nneg good\n", "data.label_column = 0 or -1"),
        ("this is a text\nand another one\nthe third\n", "data.separator, data.label_column and data.text_column"),
        ("text,label,category\ngood film,1,a\nbad,0,b\n", "data.label_column to name it, found label and category"),
        ("sentence1\tsentence2\tlabel\na b\tc d\t1\ne f\tg h\t0\n", '(["sentence1", "sentence2"] joins them)'),
        (
            "gj04\t1\tOur friends won't.\ngj04\t0\tThey drank.\ngj05\t1\tOne more.\ngj05\t0\tThey talked.\n",
            "found 0 and 1",
        ),
        (
            "id,text,toxic,rude,threat\n1,good one,0,1,0\n2,a bad film,1,0,0\n3,poor,0,1,0\n4,it is so,1,0,0\n",
            'to name it (["toxic", "rude", "threat"] for a 0 or 1 in each), found toxic and rude',
        ),
        (
            "text,toxic,kind\ngood one,0,a\na bad film,1,b\npoor,0,a\nit is so,1,b\n",
            "data.label_column to name it, found toxic and kind",
        ),
    ],
    ids=["either end", "no class", "two classes", "pair", "two columns that repeat", "flags", "a flag and a class"],
)
def test_doubt_is_an_error_that_names_the_setting(tmp_path, content, message):
    assert message in error_of(tmp_path / "a.txt", content)


@pytest.mark.parametrize(
    ("content", "settings", "pairs"),
    [
        ("pos good\nneg bad\npos bad\nneg good\n", {"label": -1}, [("good", "pos"), ("bad", "neg")]),
        ("a b\tc d\t1\ne f\tg h\t0\n", {"text": (0, 1), "label": 2}, [("1", "a b c d"), ("0", "e f g h")]),
        ("x;y\nz;w\n", {"separator": ";", "label": 1, "text": 0}, [("y", "x"), ("w", "z")]),
        ("text,label\nlabel,text\n", {"header": False, "label": 1}, [("label", "text"), ("text", "label")]),
        ("kind,what\na,b c\nb,d e\n", {"label": "kind", "text": "what"}, [("a", "b c"), ("b", "d e")]),
    ],
    ids=["end", "pair", "separator", "no header", "names"],
)
def test_settings_say_the_layout(tmp_path, content, settings, pairs):
    assert pairs_of(tmp_path / "a.txt", content, **settings)[:2] == pairs


def test_set_column_that_is_missing_is_an_error_with_a_near_miss(tmp_path):
    content = "kinds,what\na,b c\nb,d e\n"
    message = error_of(tmp_path / "a.csv", content, label="kind")
    assert message == (
        "a.csv:1: expected one column 'kind', as data.label_column says, found kinds, what; did you mean kinds?"
    )


def test_several_classes_of_a_cell_are_parted(tmp_path):
    content = "good film\tpos|short\nbad film\tneg|short\nlong film\tpos|long\nx\tneg|long\n"
    pairs = pairs_of(tmp_path / "a.tsv", content, label_separator="|")
    assert pairs[:2] == [("pos", "short", "good film"), ("neg", "short", "bad film")]


def test_columns_of_flags_are_classes(tmp_path):
    content = "id,comment_text,toxic,obscene\n1,hello,0,0\n2,bad you,1,1\n3,you,1,0\n"
    texts = texts_of(tmp_path / "a.csv", content, label=("toxic", "obscene"))
    assert [text.classes for text in texts] == [(), ("toxic", "obscene"), ("toxic",)]
    wrong = error_of(tmp_path / "a.csv", content.replace("1,hello,0", "1,hello,2"), label=("toxic", "obscene"))
    assert wrong == "a.csv:2: expected 0 or 1 in toxic, a column of data.label_column, found '2'"


def test_words_of_fasttext_are_classes(tmp_path):
    content = "__label__pos good film\nbad film __label__neg\n__label__a __label__b both\n"
    pairs = pairs_of(tmp_path / "a.txt", content)
    assert pairs == [("pos", "good film"), ("neg", "bad film"), ("a", "b", "both")]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("no class at all", "expected a class, found none: 'no class at all'"),
        ("__label__x", 'expected a text, or data.on_empty = "skip" to leave it out, found none for class x'),
        ("__label__ text", "expected a class after __label__, found none: '__label__ text'"),
        ("__label__x __label__x text", "expected each class of a text once, found 'x' twice"),
    ],
)
def test_malformed_line_of_fasttext_is_an_error(tmp_path, line, message):
    content = f"__label__x good\n__label__y bad\n__label__y fine\n{line}\n"
    assert error_of(tmp_path / "a.txt", content) == f"a.txt:4: {message}"
