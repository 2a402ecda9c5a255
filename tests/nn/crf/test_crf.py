"""The CRF against every path written out, and against torchcrf; its checks; constraints; padding."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torchcrf import CRF

from bilstm_nlp.nn.crf.crf import LinearChainCrf
from bilstm_nlp.tags import Legality, continuing, legal_transitions, tag_set
from tests.nn.enumeration import FORBIDDEN, all_paths, decoded, posterior, ragged, scores_of_all

LENGTHS = [4, 1, 3, 2]
TAGS = tag_set(["X"], "IOBES")
GARBAGE = [1e30, float("inf"), float("-inf"), float("nan")]


def a_crf(legality: Legality | None = None, tags: int = 5, scale: float = 1.0, **settings: bool) -> LinearChainCrf:
    """Make a CRF in double precision with random scores."""
    if legality is None:
        crf = LinearChainCrf(tags, **settings)
    else:
        crf = LinearChainCrf(
            len(legality.start),
            legal_start=torch.from_numpy(legality.start),
            legal_end=torch.from_numpy(legality.end),
            legal_transitions=torch.from_numpy(legality.transitions),
            **settings,
        )
    for parameter in crf.parameters():
        torch.nn.init.normal_(parameter, std=scale)
    return crf.double()


IOBES = legal_transitions(TAGS, "IOBES")
# Every tag of the only legal path is tag 2.
ONE_PATH = Legality(np.arange(5) == 2, np.arange(5) == 2, np.outer(np.arange(5) == 2, np.arange(5) == 2))

every_legality = pytest.mark.parametrize("legality", [None, IOBES, ONE_PATH], ids=["free", "IOBES", "one path"])
every_scale = pytest.mark.parametrize("scale", [1.0, 100.0, 1e4])


pytestmark = pytest.mark.usefixtures("way")


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


# --- against every path ---


@every_legality
@every_scale
@pytest.mark.parametrize("constrain_training", [True, False])
def test_likelihood_equals_a_softmax_over_all_paths(legality, scale, constrain_training):
    crf = a_crf(legality, scale=scale, constrain_training=constrain_training)
    emissions, mask = ragged(LENGTHS, 5, scale)
    tags, _ = decoded(crf, torch.randn_like(emissions), mask)
    likelihood = crf.log_likelihood(emissions, tags.masked_fill(~mask, -100), mask)
    for b, length in enumerate(LENGTHS):
        values = scores_of_all(crf.scores(constrained=constrain_training), emissions[b, :length])
        probabilities = values.log_softmax(0)
        index = (all_paths(5, length) == tags[b, :length]).all(1).nonzero().item()
        torch.testing.assert_close(likelihood[b], probabilities[index], rtol=1e-10, atol=1e-8)
        assert probabilities.exp().sum().item() == pytest.approx(1)


@every_legality
@every_scale
@pytest.mark.parametrize("temperature", [1.0, 0.3, 4.0])
def test_predictions_equal_sums_over_all_paths(legality, scale, temperature):
    crf = a_crf(legality, scale=scale)
    emissions, mask = ragged(LENGTHS, 5, scale)
    best, totals = decoded(crf, emissions, mask)
    read = posterior(crf, emissions, mask, temperature)
    partition, marginals = torch.from_numpy(read.log_partition()), torch.from_numpy(read.marginals())
    ranked, log_probabilities = map(torch.from_numpy, read.n_best(7))
    assert not marginals[~mask].any()
    for b, length in enumerate(LENGTHS):
        paths, values = all_paths(5, length), scores_of_all(crf.scores(), emissions[b, :length])
        torch.testing.assert_close(totals[b], values.max())
        assert best[b, :length].tolist() == paths[values.argmax()].tolist()
        values = values / temperature
        torch.testing.assert_close(partition[b], values.logsumexp(0))
        probabilities = values.softmax(0)
        for t in range(length):
            expected = torch.stack([probabilities[paths[:, t] == tag].sum() for tag in range(5)])
            torch.testing.assert_close(marginals[b, t], expected, rtol=1e-6, atol=1e-9)
        # An illegal path has no probability, so it is not among the best. Missing paths have -inf.
        order = values.argsort(descending=True)[: min(7, int(values.isfinite().sum()))]
        assert ranked[b, : len(order), :length].tolist() == paths[order].tolist()
        expected = values.log_softmax(0)[order]
        torch.testing.assert_close(log_probabilities[b, : len(order)], expected, rtol=1e-9, atol=1e-7)
        assert (log_probabilities[b, len(order) :] == FORBIDDEN).all()
    assert (log_probabilities <= 0).all()


# --- against torchcrf ---


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("tags", [1, 2, 9])
@pytest.mark.parametrize("lengths", [[1], [30], [12, 3, 1, 9, 12]])
def test_likelihoods_gradients_and_paths_equal_torchcrfs(tags, lengths, dtype):
    crf = a_crf(tags=tags).to(dtype)
    reference = CRF(tags, batch_first=True).to(dtype)
    reference.load_state_dict(crf.chain.state_dict())
    emissions, mask = ragged(lengths, tags, dtype=dtype)
    gold = torch.randint(tags, mask.shape)
    values, gradients = [], []
    for module, likelihood in (
        (crf, crf.log_likelihood),
        (reference, lambda *arguments: reference(*arguments, reduction="none")),
    ):
        inputs = emissions.clone().requires_grad_()
        values.append(likelihood(inputs, gold, mask))
        # Sentences have unequal weights, so that swapped sentences are noticed.
        weights = torch.arange(1.0, len(lengths) + 1, dtype=dtype)
        total = values[-1] @ weights
        gradients.append(torch.autograd.grad(total, [inputs, *module.parameters()], materialize_grads=True))
    assert values[0].dtype == dtype
    tolerance = {"rtol": 1e-4, "atol": 1e-4} if dtype == torch.float32 else {"rtol": 1e-10, "atol": 1e-10}
    torch.testing.assert_close(values[0], values[1], **tolerance)
    for gradient, expected in zip(*gradients, strict=True):
        torch.testing.assert_close(gradient, expected, **tolerance)
    paths = [path[:length].tolist() for path, length in zip(decoded(crf, emissions, mask)[0], lengths, strict=True)]
    assert paths == reference.decode(emissions, mask)


def test_likelihood_in_single_precision_keeps_its_digits_in_long_sentences():
    """Score and partition are in the thousands. Their small difference is the training signal."""
    crf = a_crf().float()
    emissions, mask = ragged([500], 5, 10.0, dtype=torch.float32)
    gold, _ = decoded(crf, emissions, mask)
    single = crf.log_likelihood(emissions, gold, mask)
    double = crf.double().log_likelihood(emissions.double(), gold, mask)
    torch.testing.assert_close(single.double(), double, rtol=1e-6, atol=1e-6)
    best = posterior(crf.float(), emissions, mask).n_best(1)[1]
    torch.testing.assert_close(torch.from_numpy(best)[:, 0], single, rtol=1e-6, atol=1e-6)


# --- gradients and constraints ---


@pytest.mark.parametrize("constrain_training", [True, False])
@every_scale
def test_gradients_equal_autograds_over_all_paths(constrain_training, scale):
    """Compare with autograd through all paths. Forbidden scores have no gradient in constrained training."""
    crf = a_crf(IOBES, scale=scale, constrain_training=constrain_training)
    emissions, mask = ragged(LENGTHS, 5, scale)
    gold, _ = decoded(crf, torch.randn_like(emissions), mask)
    inputs = [emissions.requires_grad_(), *crf.parameters()]
    gradients = torch.autograd.grad(crf.log_likelihood(emissions, gold, mask).sum(), inputs)
    total = 0
    for b, length in enumerate(LENGTHS):
        values = scores_of_all(crf.scores(constrained=constrain_training), emissions[b, :length])
        total = total + values.log_softmax(0)[(all_paths(5, length) == gold[b, :length]).all(1).nonzero().item()]
    for gradient, expected in zip(gradients, torch.autograd.grad(total, inputs), strict=True):
        torch.testing.assert_close(gradient, expected, rtol=1e-6, atol=1e-7)
    if constrain_training:
        by_name = dict(zip((name for name, _ in crf.chain.named_parameters()), gradients[1:], strict=True))
        assert (by_name["transitions"][~crf.legal_transitions] == 0).all()
        assert (by_name["start_transitions"][~crf.legal_start] == 0).all()
        assert (by_name["end_transitions"][~crf.legal_end] == 0).all()


def test_gradients_pass_gradcheck():
    crf = a_crf(IOBES)
    emissions, mask = ragged(LENGTHS, 5)
    gold, _ = decoded(crf, emissions, mask)

    def likelihood(inputs, *_):
        return crf.log_likelihood(inputs, gold, mask)

    assert torch.autograd.gradcheck(likelihood, (emissions.requires_grad_(), *crf.parameters()))


def test_no_emission_makes_an_illegal_sequence_legal():
    crf = a_crf(IOBES)
    emissions, mask = ragged([12, 1, 7, 2], 5)
    wanted = torch.tensor([TAGS.index(tag) for tag in ("I-X", "B-X", "B-X", "O", "E-X", "S-X") * 2])
    emissions = emissions.scatter_add(2, wanted.expand(4, 12)[..., None], torch.full((4, 12, 1), 1e4).double())
    ranked = torch.from_numpy(posterior(crf, emissions, mask).n_best(3)[0])
    paths = torch.cat([decoded(crf, emissions, mask)[0][:, None], ranked], 1)
    for b, length in enumerate(mask.sum(1).tolist()):
        for path in paths[b, : 4 if length > 1 else 3, :length]:
            assert IOBES.start[path[0]]
            assert IOBES.end[path[-1]]
            assert IOBES.transitions[path[:-1], path[1:]].all()


@pytest.mark.parametrize("garbage", GARBAGE)
@pytest.mark.parametrize("legality", [None, IOBES], ids=["free", "IOBES"])
def test_padding_influences_neither_values_nor_gradients(legality, garbage):
    """Padding may be NaN. A batch gives the same as its sentences one by one."""
    crf = a_crf(legality)
    emissions, mask = ragged(LENGTHS, 5)
    gold, _ = decoded(crf, emissions, mask)
    span = np.arange(4), np.zeros(4, np.int64), mask.sum(1).numpy()
    type_tags = np.array([tag != "O" for tag in TAGS])
    continues = np.array([[tag in continuing(last, "IOBES") for tag in TAGS] for last in TAGS])

    def everything(emissions, mask, gold, rows):
        inputs = emissions.clone().requires_grad_()
        likelihood = crf.log_likelihood(inputs, gold, mask)
        gradients = torch.autograd.grad(likelihood.sum(), [inputs, *crf.parameters()])
        spans = [value[rows] for value in span]
        spans[0] = np.arange(len(emissions))
        read = posterior(crf, emissions, mask)
        predictions = (
            *read.n_best(3),
            read.marginals(),
            read.log_partition(),
            read.span_log_probabilities(*spans, np.tile(type_tags, (len(emissions), 1)), continues),
        )
        tensors = [*decoded(crf, emissions, mask), *map(torch.from_numpy, predictions)]
        return [likelihood.detach(), gradients[0], *tensors], gradients[1:]

    clean, clean_sums = everything(emissions, mask, gold, slice(None))
    dirty = emissions.masked_fill(~mask[..., None], garbage)
    dirty_gold = gold.masked_fill(~mask, 77)
    values, sums = everything(dirty, mask, dirty_gold, slice(None))
    for value, expected in zip([*values, *sums], [*clean, *clean_sums], strict=True):
        assert torch.equal(value, expected)
    alone = [
        everything(emissions[b : b + 1, :n], mask[b : b + 1, :n], gold[b : b + 1, :n], slice(b, b + 1))
        for b, n in enumerate(LENGTHS)
    ]
    for b, (values, _) in enumerate(alone):
        for value, expected in zip(values, clean, strict=True):
            real = tuple(slice(size) for size in value.shape[1:])
            torch.testing.assert_close(value[0], expected[b][real], rtol=1e-9, atol=1e-9)
            assert not expected[b].isnan().any()
    for index, expected in enumerate(clean_sums):
        torch.testing.assert_close(sum(sums[index] for _, sums in alone), expected, rtol=1e-9, atol=1e-9)


def test_long_padding_of_large_scores_leaves_gradients_finite():
    """The messages after 400 steps of padding are too large for exp."""
    crf = a_crf()
    emissions, mask = ragged([420, 3], 5)
    inputs = (emissions + 10).requires_grad_()
    crf.log_likelihood(inputs, torch.zeros(2, 420, dtype=torch.long), mask).sum().backward()
    assert all(value.grad.isfinite().all() for value in (inputs, *crf.parameters()))
    assert not inputs.grad[~mask].any()


# --- refusals ---


def arguments():
    mask = torch.tensor([[True, True, True], [True, True, False]])
    return torch.zeros(2, 3, 5), torch.zeros(2, 3, dtype=torch.long), mask


def altered(value, index, new):
    value = value.clone()
    value[index] = new
    return value


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda e, t, m: (e[..., :4], t, m), r"'emissions' must be \(B, T, 5\). Got \(2, 3, 4\)."),
        (lambda e, t, m: (e[0], t, m), r"'emissions' must be \(B, T, 5\). Got \(3, 5\)."),
        (lambda e, t, m: (e, t, m.long()), r"'mask' must be bool of shape \(2, 3\). Got torch.int64 \(2, 3\)."),
        (lambda e, t, m: (e, t, m[:, :2]), r"'mask' must be bool of shape \(2, 3\). Got torch.bool \(2, 2\)."),
        (
            lambda e, t, m: (e, t, altered(m, 1, False)),
            r"'mask' must be True somewhere in each sentence. Got sentence 1.",
        ),
        (
            lambda e, t, m: (e, t, altered(m, (0, 1), False)),
            r"'mask' must be True up to a sentence's length. Got a hole before \(b, t\) = \[0, 1\].",
        ),
        (lambda e, t, m: (e, t[:1], m), r"'tags' must be int64 of shape \(2, 3\). Got torch.int64 \(1, 3\)."),
        (lambda e, t, m: (e, t.float(), m), r"'tags' must be int64 of shape \(2, 3\). Got torch.float32 \(2, 3\)."),
        (lambda e, t, m: (e, altered(t, (1, 1), 5), m), r"'tags' must be in 0..4. Got 5 at \(b, t\) = \[1, 1\].$"),
        (
            lambda e, t, m: (e, altered(t, (0, 2), -100), m),
            r"Got -100 at \(b, t\) = \[0, 2\]. Use the mask, not -100, for what is not to be counted.",
        ),
        (
            lambda e, t, m: (e, altered(t, (1, 0), TAGS.index("I-X")), m),
            r"'tags' must be legal. Sentence 1 begins with tag 2.",
        ),
        (
            lambda e, t, m: (e, altered(t, (1, 1), TAGS.index("B-X")), m),
            r"'tags' must be legal. Sentence 1 ends with tag 1.",
        ),
        (
            lambda e, t, m: (e, altered(t, (0, 1), TAGS.index("E-X")), m),
            r"'tags' must be legal. In sentence 0, tag 3 follows tag 0 at position 1.",
        ),
    ],
)
def test_wrong_arguments_are_named(change, message):
    crf = a_crf(IOBES).float()
    crf.log_likelihood(*arguments())
    with pytest.raises(ValueError, match=message):
        crf.log_likelihood(*change(*arguments()))


def test_illegal_gold_is_finite_in_unconstrained_training():
    emissions, tags, mask = arguments()
    crf = a_crf(IOBES, constrain_training=False).float()
    tags[0, 1] = TAGS.index("E-X")
    assert crf.log_likelihood(emissions, tags, mask).isfinite().all()
    emissions[0, 0, 0] = float("nan")
    assert crf.log_likelihood(emissions, tags, mask).isnan().tolist() == [True, False]


def test_a_nan_likelihood_is_not_reported_as_illegal():
    emissions, tags, mask = arguments()
    emissions[1, 0, 0] = float("nan")
    likelihood = a_crf(IOBES).float().log_likelihood(emissions, tags, mask)
    assert likelihood.isnan().tolist() == [False, True]


def test_legality_of_a_wrong_shape_or_type_is_refused():
    with pytest.raises(ValueError, match=r"'legal_end' must be bool of shape \(2,\). Got torch.bool \(3,\)."):
        LinearChainCrf(2, legal_end=torch.ones(3, dtype=torch.bool))
    with pytest.raises(ValueError, match=r"'legal_transitions' must be bool of shape \(2, 2\). Got torch.float32"):
        LinearChainCrf(2, legal_transitions=torch.ones(2, 2))


@pytest.mark.parametrize(
    ("start", "end", "transitions", "length"),
    [
        ([True, False], [False, True], [[True, True], [True, True]], 1),
        ([True, True], [True, True], [[False, False], [False, False]], 2),
        ([True, False], [True, False], [[False, True], [True, False]], 2),
    ],
)
def test_a_length_without_a_legal_sequence_is_refused(start, end, transitions, length):
    with pytest.raises(ValueError, match=f"must allow paths of every length. Got none of length {length}."):
        LinearChainCrf(
            2,
            legal_start=torch.tensor(start),
            legal_end=torch.tensor(end),
            legal_transitions=torch.tensor(transitions),
        )


def test_the_refused_length_may_exceed_the_number_of_tags():
    """Rings of 2, 3 and 5 tags may not end a sentence at their last tag: all are there after 30 tokens."""
    following = [1, 0, 3, 4, 2, 6, 7, 8, 9, 5]
    with pytest.raises(ValueError, match=r"Got none of length 30\."):
        LinearChainCrf(
            10,
            legal_start=torch.isin(torch.arange(10), torch.tensor([0, 2, 5])),
            legal_end=~torch.isin(torch.arange(10), torch.tensor([1, 4, 9])),
            legal_transitions=torch.tensor(following)[:, None] == torch.arange(10),
        )
