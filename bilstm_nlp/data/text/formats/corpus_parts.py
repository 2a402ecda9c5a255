"""Parts of a corpus: a fraction, all but a fold, and a share in whole documents."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bilstm_nlp.data.folds import count_of, fold_of_each, in_share
from bilstm_nlp.data.text.formats.corpus import TaggedCorpus
from bilstm_nlp.data.text.sentence import place_of
from bilstm_nlp.errors import DataError


def fraction_of(corpus: TaggedCorpus, fraction: float) -> TaggedCorpus:
    """Draw a fraction of the sentences at random, in their order. Smaller fractions are subsets of larger ones.

    The choice depends on the number of sentences alone. Raises `DataError` if the fraction is less than one sentence.
    """
    total = len(corpus.sentences)
    count = count_of(fraction, total)
    if count == 0:
        expected = f"data.fraction = {fraction} to leave a sentence of the {total}"
        raise DataError(corpus.source, expected, "none")
    chosen = np.sort(np.random.default_rng(0).permutation(total)[:count])
    return TaggedCorpus(corpus.source, [corpus.sentences[index] for index in chosen.tolist()])


def hold_out(corpus: TaggedCorpus, fold: int, folds: int) -> tuple[TaggedCorpus, TaggedCorpus]:
    """Return the corpus without one fold, and the fold, both in the corpus's order. `fold` is from 1.

    Raises `DataError` if there are fewer sentences than folds.
    """
    if len(corpus.sentences) < folds:
        raise DataError(corpus.source, f"at least {folds} sentences, one a fold", str(len(corpus.sentences)))
    fold_of_sentence = fold_of_each([sentence.document for sentence in corpus.sentences], folds).tolist()
    pairs = list(zip(corpus.sentences, fold_of_sentence, strict=True))
    others = [sentence for sentence, number in pairs if number != fold - 1]
    held_out = [sentence for sentence, number in pairs if number == fold - 1]
    return TaggedCorpus(corpus.source, others), TaggedCorpus(corpus.source, held_out)


def cut_off(corpus: TaggedCorpus, share: float, seed: int) -> tuple[TaggedCorpus, TaggedCorpus]:
    """Return the corpus without a share of its sentences, and the share, both in the corpus's order.

    The share consists of whole documents, drawn by the seed. Sentences of no document, or all of one, are cut in runs
    of neighbours. Raises `DataError` if one of the two would be empty.
    """
    inside = in_share([sentence.document for sentence in corpus.sentences], share, seed)
    pairs = list(zip(corpus.sentences, inside.tolist(), strict=True))
    rest = [sentence for sentence, is_inside in pairs if not is_inside]
    cut = [replace(sentence, source=place_of(sentence, corpus.source)) for sentence, is_inside in pairs if is_inside]
    if not rest or not cut:
        expected = "two sentences or more, to cut off a development corpus"
        raise DataError(corpus.source, expected, str(len(corpus.sentences)))
    return TaggedCorpus(corpus.source, rest), TaggedCorpus(f"{share:g} of {corpus.source}", cut)
