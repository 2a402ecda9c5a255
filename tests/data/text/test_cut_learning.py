from __future__ import annotations

import json

import pytest

from bilstm_nlp.data.text.codec_file import CutFile, cut_of_file, saved_cut
from bilstm_nlp.data.text.cut_learning import Agreement, agreement, as_written, learn_cut
from bilstm_nlp.data.text.sentence import Sentence
from bilstm_nlp.data.text.tokenizer import CHARACTERS, WORDS, Cut


def sentences(*lines: str) -> list[Sentence]:
    return [Sentence(tuple(line.split()), None, number) for number, line in enumerate(lines, 1)]


def test_no_sentences_give_the_default_rules():
    assert learn_cut([]) == WORDS


@pytest.mark.parametrize(
    ("training", "text", "tokens"),
    [
        (["#EU and #UN"], "#Nato's", "#Nato 's"),
        (["# EU and # UN", "#Nato"], "#WHO", "# WHO"),
        (["RT @ann_b :", "@bob"], "hi @carl!", "hi @carl !"),
        (["I 'm here", "you do n't"], "I'm sure you can't", "I 'm sure you ca n't"),
        (["I'm here", "you don't"], "we'll see, John's won't", "we'll see , John's won't"),
        (["I do n't , you do n't", "we can't"], "they won't", "they wo n't"),
        (["I 'm", "you don 't"], "we'll see, can't", "we 'll see , can 't"),
        (["I ' m", "you don ' t"], "we'll see, can't", "we ' ll see , can ' t"),
        (["a well - known man", "an e - mail"], "a mother-in-law 2-1", "a mother - in - law 2 - 1"),
        (["a well-known man", "an e-mail - see"], "a mother-in-law", "a mother-in-law"),
        (["l' homme", "d' abord", "aujourd'hui"], "l'amie qu'il", "l' amie qu' il"),
        (["and/or he/she"], "his/her", "his/her"),
        (["$5 or 3%"], "US$7.50, 4.5%.", "US$7.50 , 4.5% ."),
        (["$ 5 or 3 %"], "US$7.50, 4.5%.", "US $ 7.50 , 4.5 % ."),
        (["no !!!", "what ?!"], "why!?", "why !?"),
        (["no ! ! !"], "why!!", "why ! !"),
        (["well . . . no"], "so...", "so . . ."),
        (["nice 😂😂😂"], "ok👍👍🏽!", "ok 👍👍🏽 !"),
        (["nice 😂 😂 😂"], "ok👍👍🏽!", "ok 👍 👍🏽 !"),
        (["hi :) you :-P"], "yes ;-)", "yes ;-)"),
        (["I can not see", "gon na go"], "cannot gonna gotta", "can not gon na gotta"),
        (["I cannot see"], "cannot", "cannot"),
        (["see No. 5 of", "see No. 6 of"], "No. 7 and no.", "No. 7 and no ."),
        (["see No. 5 of", "see No. 6 of", "No . No . No ."], "No. 7", "No . 7"),
        (["Hello, you!", "This is it, OK."], "Well, go (now)", "Well, go (now)"),
        (["北京 大学 在 北京"], "北京大学在上海", "北京 大学 在 上 海"),
        (["ประเทศ ไทย"], "ประเทศไทย", "ประเทศ ไทย"),
        (["在 北 京", "大 学"], "EU在", "E U 在"),
    ],
)
def test_text_is_cut_as_training_words_are(training, text, tokens):
    assert learn_cut(sentences(*training)).tokens(text) == tokens.split()


def test_blanks_in_a_known_text_are_no_evidence():
    """A dash with blanks around it tells nothing of hyphens."""
    text = "Paris - London - Rome"
    offsets = ((0, 5), (6, 7), (8, 14), (15, 16), (17, 21))
    with_text = Sentence(tuple(text.split()), None, 1, text=text, offsets=offsets)
    assert learn_cut([with_text]).tokens("well-known") == ["well-known"]
    assert learn_cut(sentences(text)).tokens("well-known") == ["well", "-", "known"]


def test_rules_are_chosen_by_the_majority():
    assert "hashtags" in learn_cut(sentences("#a #b # c")).whole
    assert "hashtags" not in learn_cut(sentences("#a # b # c")).whole
    assert "hashtags" not in learn_cut(sentences("#a # b")).whole


def test_a_rare_word_is_not_kept_against_the_rules():
    assert learn_cut(sentences("the end.", "the start .")).kept == frozenset()


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        ("Nato ( 1949 ) .", "Nato (1949)."),
        ("I do n't , John 's", "I don't, John's"),
        ("$ 5 , 10 % !", "$5, 10%!"),
        ("# EU : @ user", "#EU: @user"),
    ],
)
def test_tokens_are_joined_as_text_is_written(tokens, text):
    written, spans = as_written(tokens.split())
    assert written == text
    assert [written[start:end] for start, end in spans] == tokens.split()


def test_tokens_that_text_gives_otherwise_are_counted():
    result = agreement(sentences("I don't know", "U . S .", "EU"), WORDS)
    assert (result.tokens, result.otherwise) == (8, 3)
    assert result.examples == (("don't", "do n't"), ("U", "U."), (".", "U."))
    assert agreement(sentences("I do n't know .", "EU"), WORDS).otherwise == 0


def test_a_known_text_is_cut_as_it_is():
    known = Sentence(("a", "b"), None, 1, text="a-b", offsets=((0, 1), (2, 3)))
    assert agreement([known], WORDS) == Agreement(2, 2, (("a", "a-b"), ("b", "a-b")))
    assert agreement([known], Cut(whole=frozenset())) == Agreement(2, 0, ())


def test_a_hundredth_of_all_tokens_matters():
    assert not Agreement(1000, 10, ()).matters
    assert Agreement(1000, 11, ()).matters
    assert str(Agreement(1000, 11, (("a.", "a ."),))) == (
        "11 of 1,000 tokens (1.1 %) are cut otherwise in plain text: “a.” into “a .”"
    )


@pytest.mark.parametrize("cut", [WORDS, CHARACTERS, learn_cut(sentences("No. No. #a 北京 can not I'm"))])
def test_a_cut_is_saved_as_json(cut):
    restored = cut_of_file(CutFile.model_validate(json.loads(json.dumps(saved_cut(cut)))))
    assert restored == cut
    assert restored.saved
