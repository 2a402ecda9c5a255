"""Several small taggers as one, against every tag sequence written out."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch

from bilstm_nlp.data.text.formats.corpus import Sentence, TaggedCorpus
from bilstm_nlp.errors import InputError
from bilstm_nlp.nn.crf.crf import LinearChainCrf
from bilstm_nlp.nn.tagging_heads import CrfHead, SoftmaxHead
from bilstm_nlp.tags import Span, legal_transitions, spans, violations
from bilstm_nlp.tasks.tagging.decoder import ModelDecoder, decode_all
from bilstm_nlp.tasks.tagging.decoding import Decoded, emissions
from bilstm_nlp.tasks.tagging.ensemble_decoder import EnsembleDecoder
from bilstm_nlp.tasks.tagging.evaluation import Evaluation
from bilstm_nlp.tasks.torch_step_network import TorchStepNetwork
from tests.nn.enumeration import all_paths, scores_of_all
from tests.tasks.tagging.word_taggers import word_tagger

SENTENCES = [
    Sentence(tokens=("a", "b", "c", "d"), tags=("B-X", "I-X", "O", "B-Y"), line=1),
    Sentence(tokens=("d",), tags=("B-Y",), line=6),
    Sentence(tokens=("c", "a", "a"), tags=("O", "B-X", "B-X"), line=8),
    Sentence(tokens=("b", "b", "a", "d"), tags=("O", "O", "O", "B-Y"), line=12),
    Sentence(tokens=("d", "c"), tags=("O", "I-Y"), line=17),
]


def member(
    seed: int, kind: type[CrfHead] | type[SoftmaxHead], *, constrained: bool, temperature: float, last: int = 4
) -> ModelDecoder:
    """An untrained member, whose vocabulary is that of the first sentences."""
    torch.manual_seed(seed)
    network, codec = word_tagger(SENTENCES[:last], kind, constrained=constrained)
    network.set_temperature(temperature)
    return ModelDecoder(network, codec)


@pytest.fixture(scope="module")
def members() -> list[ModelDecoder]:
    """Heads of both kinds, with and without constraints, temperatures and vocabularies of their own."""
    return [
        member(3, CrfHead, constrained=True, temperature=1.7),
        member(4, SoftmaxHead, constrained=False, temperature=0.8, last=3),
        member(5, CrfHead, constrained=False, temperature=2.5, last=2),
        reordered(member(6, SoftmaxHead, constrained=True, temperature=1.2)),
    ]


def reordered(decoder: ModelDecoder) -> ModelDecoder:
    """Return the same tagger with its tags in another order."""
    order = [4, 0, 3, 1, 2]
    codec = replace(decoder.codec, tags=tuple(decoder.codec.tags[index] for index in order))
    model, legality = deepcopy(decoder.network.model), legal_transitions(codec.tags, "IOB2")
    limited = model.head.crf.limited
    legal = {f"legal_{name}": torch.from_numpy(value) for name, value in vars(legality).items()} if limited else {}
    crf = LinearChainCrf(5, **legal).double()
    with torch.no_grad():
        for target, source in zip(crf.chain.parameters(), decoder.network.head.crf.chain.parameters(), strict=True):
            target.copy_(source[order] if source.dim() == 1 else source[order][:, order])
        model.head.projection.weight.copy_(decoder.network.head.projection.weight[order])
        model.head.projection.bias.copy_(decoder.network.head.projection.bias[order])
    model.head.crf = crf
    return ModelDecoder(TorchStepNetwork(model), codec)


def posteriors(decoder: ModelDecoder, sentence: Sentence) -> dict[tuple[str, ...], float]:
    """Return the probability of every tag sequence by one member."""
    values = emissions(decoder.network, decoder.codec, decoder.codec.encode([sentence]), None)
    scores = scores_of_all(decoder.network.head.crf.scores(), values) / decoder.temperature
    names = [tuple(decoder.codec.tags[tag] for tag in path) for path in all_paths(5, len(sentence.tokens))]
    return dict(zip(names, scores.softmax(0).tolist(), strict=True))


def means(members: list[ModelDecoder], sentence: Sentence) -> dict[tuple[str, ...], float]:
    """Return the mean probability of every tag sequence."""
    each = [posteriors(member, sentence) for member in members]
    return {tags: float(np.mean([own[tags] for own in each])) for tags in each[0]}


def tempered(probability: float, temperature: float) -> float:
    """Divide the log odds of a probability."""
    return 1 / (1 + np.exp(-np.log(probability / (1 - probability)) / temperature))


def tagged(decoder: EnsembleDecoder, sentences: list[Sentence]) -> list[Decoded]:
    return decode_all(decoder.batches(sentences), lambda batch: map(Decoded, batch.tags, batch.entities))


def test_tags_are_the_best_legal_sequence_of_mean_marginals(members):
    decoded = tagged(EnsembleDecoder(members), SENTENCES)
    broken = 0
    for sentence, (tags, entities) in zip(SENTENCES, decoded, strict=True):
        sequences = means(members, sentence)
        marginals = [
            {tag: sum(p for tags, p in sequences.items() if tags[t] == tag) for tag in members[0].codec.tags}
            for t in range(len(sentence.tokens))
        ]
        values = {
            tags: sum(np.log(marginals[t][tag]) for t, tag in enumerate(tags))
            for tags in sequences
            if not violations(tags, "IOB2")
        }
        assert tuple(tags) == max(values, key=lambda tags: values[tags])
        assert entities == spans(tags, "IOB2")
        broken += bool(violations([max(of, key=lambda tag: of[tag]) for of in marginals], "IOB2"))
    assert broken  # of a sentence, the best tags alone break the scheme


def test_probabilities_are_means_of_sums_over_all_sequences(members):
    decoder = EnsembleDecoder(members)
    decoder.set_temperature(1.4)
    count = 0
    for batch in decoder.batches(SENTENCES, batch_tokens=8):
        posterior = batch.posterior()
        stretch = [[Span("", 0, 1)]] * len(batch.sentences)
        rows = zip(batch.sentences, posterior.of_entities(batch.entities), posterior.of_no_entity(stretch), strict=True)
        for index, by_span, absence in rows:
            sequences = means(members, SENTENCES[index])
            for span, probability in by_span.items():
                expected = sum(p for tags, p in sequences.items() if span in spans(tags, "IOB2"))
                assert probability == pytest.approx(tempered(expected, 1.4), abs=1e-9)
                count += 1
            expected = sum(p for tags, p in sequences.items() if tags[0] == "O")
            assert absence == {Span("", 0, 1): pytest.approx(tempered(expected, 1.4), abs=1e-9)}
        flat = [p for of_row in posterior.of_entities(batch.entities) for p in of_row.values()]
        np.testing.assert_array_equal(posterior.probabilities(batch.entities), flat)
    assert count > 3


def test_ranked_sequences_fall_and_begin_with_the_tags(members):
    (batch,) = EnsembleDecoder(members).batches(SENTENCES[:1])
    paths, logarithms = batch.ranking.best_sequences(400)
    probabilities = np.exp(logarithms[0].astype(np.float64))
    assert probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert (np.diff(probabilities) <= 1e-9).all()
    tags = [[batch.codec.tags[tag] for tag in path] for path in paths[0, probabilities > 0]]
    assert tags[0] == batch.tags[0]
    assert not any(violations(each, "IOB2") for each in tags)


def test_order_of_members_and_batches_change_nothing(members):
    forwards, backwards = (EnsembleDecoder(order) for order in (members, members[::-1]))
    assert tagged(forwards, SENTENCES) == tagged(backwards, SENTENCES)
    assert [tagged(forwards, [sentence])[0] for sentence in SENTENCES] == tagged(forwards, SENTENCES)
    for sentence in SENTENCES:
        (first,), (second,) = forwards.batches([sentence]), backwards.batches([sentence])
        expected = first.posterior(1.0).of_entities(first.entities)[0]
        assert second.posterior(1.0).of_entities(second.entities)[0] == pytest.approx(expected, abs=1e-12)


def test_a_sentence_alone_has_the_entities_of_its_batch(members):
    """By each member, whose ways are shorter for a single sentence, and by all together."""
    for decoder in (*members, EnsembleDecoder(members)):
        expected = decode_all(decoder.batches(SENTENCES), lambda batch: batch.posterior().of_entities(batch.entities))
        for sentence, entities in zip(SENTENCES, expected, strict=True):
            assert decoder.entities(sentence) == pytest.approx(entities, abs=1e-9)
    assert any(expected)


@pytest.mark.parametrize("kind", [CrfHead, SoftmaxHead])
def test_the_order_of_a_members_tags_changes_nothing(kind):
    own = member(7, kind, constrained=kind is CrfHead, temperature=1.3)
    same, other = EnsembleDecoder([own, own]), EnsembleDecoder([own, reordered(own)])
    assert tagged(other, SENTENCES) == tagged(same, SENTENCES)
    for first, second in zip(same.batches(SENTENCES), other.batches(SENTENCES), strict=True):
        np.testing.assert_allclose(second.posterior(1.0).marginals(), first.posterior(1.0).marginals())
        np.testing.assert_allclose(
            second.posterior(1.0).probabilities(second.entities), first.posterior(1.0).probabilities(first.entities)
        )


def test_a_softmax_tagger_alone_tags_as_it_does_itself():
    alone = member(8, SoftmaxHead, constrained=False, temperature=1.9)
    limited = member(8, SoftmaxHead, constrained=True, temperature=1.9)  # the same weights
    expected = decode_all(limited.batches(SENTENCES), lambda batch: batch.tags)
    assert [each.tags for each in tagged(EnsembleDecoder([alone]), SENTENCES)] == expected


def test_entities_of_training_are_those_of_any_member():
    members = [member(1, CrfHead, constrained=True, temperature=1.0, last=last) for last in (2, 4)]
    assert members[0].codec.entities != members[1].codec.entities
    assert EnsembleDecoder(members).codec.entities == EnsembleDecoder(members[::-1]).codec.entities
    assert EnsembleDecoder(members).codec.entities == members[1].codec.entities


@pytest.mark.slow
def test_the_temperature_fits_the_development_section(members):
    corpus = TaggedCorpus("dev", SENTENCES[:4])
    decoder = EnsembleDecoder(members, lambda: corpus)
    predicted = [sentence.entities for sentence in tagged(EnsembleDecoder(members), corpus.sentences)]
    sums = [
        (sum(p for tags, p in means(members, sentence).items() if span in spans(tags, "IOB2")), span in gold)
        for sentence, entities in zip(corpus.sentences, predicted, strict=True)
        for gold in [spans(sentence.tags, "IOB2")]
        for span in entities
    ]

    def loss(temperature: float) -> float:
        shares = [(tempered(p, temperature), correct) for p, correct in sums]
        return float(-np.mean([np.log(p if correct else 1 - p) for p, correct in shares]))

    grid = np.exp(np.linspace(np.log(0.25), np.log(4), 161))
    assert loss(decoder.temperature) <= min(map(loss, grid)) + 1e-4
    assert decoder.temperature != 1
    assert tagged(decoder, SENTENCES) == tagged(EnsembleDecoder(members), SENTENCES)
    evaluation = Evaluation(decoder, corpus)
    order = [index for batch in evaluation.batches for index in batch.sentences]
    flat = [
        p
        for index in order
        for batch in evaluation.batches
        if index in batch.sentences
        for p in batch.posterior().of_entities(batch.entities)[list(batch.sentences).index(index)].values()
    ]
    np.testing.assert_allclose(evaluation.confidences(), flat)


def test_a_section_that_cannot_be_read_is_warned_of_once(members, caplog):
    def missing() -> TaggedCorpus:
        raise InputError("dev.conll: expected a file, found none")

    decoder = EnsembleDecoder(members, missing)
    assert (decoder.temperature, decoder.temperature) == (1.0, 1.0)
    assert [record.message for record in caplog.records] == [
        "the ensemble's confidences are not calibrated, only its members' own are: dev.conll: expected a file, found "
        "none; the tags do not depend on it"
    ]
