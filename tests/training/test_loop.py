"""The training loop on a small linear model: steps, scores, errors, and the same bits after resuming."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.optim import SGD, Adam

from bilstm_nlp.errors import DivergenceError, MemoryNeeded, RunError
from bilstm_nlp.nn.model import Loss
from bilstm_nlp.runs.directory import RunDirectory
from bilstm_nlp.runs.tensors import read_state, write_state
from bilstm_nlp.training import loop, schedules
from bilstm_nlp.training.layers import parameter_groups
from bilstm_nlp.training.loop import fit
from bilstm_nlp.training.protocols import Score
from bilstm_nlp.training.state import Paused, State
from tests.training.toy import Asked, Line, Points, adamw, evaluate, points, settings

MAKERS = {
    "adamw": adamw,
    "adam": lambda model: Adam(model.parameters(), lr=0.1),
    "sgd": lambda model: SGD(model.parameters(), lr=0.1, momentum=0.0),
    "momentum": lambda model: SGD(model.parameters(), lr=0.01, momentum=0.9),
}


@pytest.mark.slow
@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize("average", [None, 0.9])
@pytest.mark.parametrize("schedule", [schedules.linear(0.5, 6), schedules.plateau(0.5, 1)], ids=["linear", "plateau"])
def test_resuming_after_any_epoch_ends_in_the_same_bits(maker, average, schedule):
    chosen = settings(optimizer=MAKERS[maker], average=average, schedule=schedule)
    whole = list(fit(Line(), points, evaluate, chosen))
    for stopped in (0, 2, 4):
        rest = list(fit(Line(), points, evaluate, chosen, whole[stopped].state))
        assert [epoch.report.epoch for epoch in rest] == [epoch.report.epoch for epoch in whole[stopped + 1 :]]
        for name, value in whole[-1].state.tensors.items():
            assert torch.equal(value, rest[-1].state.tensors[name]), name
        assert [e.report.loss for e in rest] == [e.report.loss for e in whole[stopped + 1 :]]


@pytest.mark.parametrize("batches", [4, 5, 2**70])
def test_part_with_all_batches_of_an_epoch_is_refused(batches):
    with pytest.raises(Paused) as paused:
        list(fit(Line(), points, evaluate, settings(), stopping=Asked(2)))
    state = paused.value.state
    changed = State(state.tensors, state.reports, replace(state.part, batches=batches))
    with pytest.raises(RunError, match=rf"^state\.safetensors: expected part of .* found {batches} of 4 batches$"):
        next(fit(Line(), points, evaluate, settings(), changed))


@pytest.mark.slow
@pytest.mark.parametrize("average", [None, 0.9])
def test_pausing_at_any_batch_ends_in_the_same_bits(average, tmp_path):
    """Pause many times, through files, also at the beginning and the end of epochs."""
    chosen = settings(epochs=3, average=average)
    whole = list(fit(Line(), points, evaluate, chosen))
    run = RunDirectory.create(tmp_path)
    for count in range(1, 14):
        state, reports, stops, last = None, [], 0, None
        while True:
            try:
                for epoch in fit(Line(), points, evaluate, chosen, state, Asked(count if stops else count % 3)):
                    reports.append(epoch.report)
                    last = epoch
                break
            except Paused as paused:
                stops += 1
                write_state(run, paused.state)
                torch.randn(stops)  # what others draw from the generator does not matter
                state = read_state(run)
        assert stops > 0
        assert len(reports) == 3
        for name, value in whole[-1].state.tensors.items():
            assert torch.equal(value, last.state.tensors[name]), (count, name)
        for report, expected in zip(reports, (epoch.report for epoch in whole), strict=True):
            assert replace(report, seconds=0) == replace(expected, seconds=0)


def test_loss_is_the_mean_over_sequences_rather_than_batches():
    class Constant(Line):
        def forward(self, batch: Points) -> Loss:
            return Loss(self.map[1].weight.sum() * 0 + batch.x.square().sum(), torch.tensor(len(batch)))

    report = next(fit(Constant(), points, evaluate, settings(epochs=1))).report
    every = torch.cat([batch.x for batch in points(1)])
    assert report.loss == pytest.approx(float(every.square().sum() / len(every)), rel=1e-5)
    assert report.sequences == 50


def test_averaged_weights_are_the_warmed_up_mean_of_all_steps():
    model, seen = Line(), []

    def watched(epoch: int) -> list[Points]:
        class Watching(list):
            def __getitem__(self, part):
                for batch in list.__getitem__(self, part):
                    yield batch
                    seen.append(model.map[1].weight.detach().clone())

        return Watching(points(epoch))

    epochs = list(fit(model, watched, evaluate, settings(epochs=2, average=0.8)))
    mean = seen[0]
    for updates, weight in enumerate(seen[1:], 1):
        decay = min(0.8, (1 + updates) / (10 + updates))
        mean = decay * mean + (1 - decay) * weight
    torch.testing.assert_close(epochs[-1].weights["map.1.weight"], mean)


def test_average_of_a_negative_number_of_updates_is_refused():
    chosen = settings(epochs=2, average=0.8)
    state = next(fit(Line(), points, evaluate, chosen)).state
    changed = State(state.tensors | {"average.n_averaged": torch.tensor(-10)}, state.reports)
    with pytest.raises(
        RunError, match=r"^state\.safetensors: expected the state of this training, .*n_averaged of -10$"
    ):
        next(fit(Line(), points, evaluate, chosen, changed))


def test_patience_stops_after_epochs_without_a_better_score():
    values = iter([5.0, 4.0, 4.5, 4.2, 3.0, 3.1, 3.2, 3.3, 1.0])
    chosen = settings(epochs=9, patience=3, schedule=schedules.constant(0))
    epochs = list(fit(Line(), points, lambda _: Score("mse", next(values), False), chosen))
    assert [epoch.report.best for epoch in epochs] == [True, True, False, False, True, False, False, False]


def test_early_stopped_training_has_no_epoch_to_resume():
    values = iter([1.0, 2.0, 2.0, 2.0, 2.0])
    chosen = settings(patience=2)
    epochs = list(fit(Line(), points, lambda _: Score("mse", next(values), False), chosen))
    assert len(epochs) == 3
    assert list(fit(Line(), points, evaluate, chosen, epochs[-1].state)) == []


def test_nan_loss_stops_the_training_and_names_its_batch():
    def broken(epoch: int) -> list[Points]:
        batches = points(epoch)
        if epoch == 2:
            batches[1].x[0] = float("nan")
        return batches

    with pytest.raises(DivergenceError, match="nan in epoch 2, batch 2 of 4"):
        list(fit(Line(), broken, evaluate, settings()))


def test_infinite_loss_of_the_first_batch_blames_the_data():
    def broken(epoch: int) -> list[Points]:
        batches = points(epoch)
        batches[0].x[0] = float("inf")
        return batches

    with pytest.raises(DivergenceError, match=r"in epoch 1, batch 1 of 4; look for such numbers in the data"):
        list(fit(Line(), broken, evaluate, settings()))


def test_exploding_gradient_stops_before_its_loss_explodes():
    class Steep(Line):
        def forward(self, batch: Points) -> Loss:
            loss = super().forward(batch)
            # √x at 0: a loss like any other, whose gradient is infinite.
            return Loss(loss.total + (loss.total * 0).sqrt() * (batch.y[0] > 0), loss.weight)

    with pytest.raises(DivergenceError, match=r"gradient's norm became (nan|inf) in epoch 1, batch \d of 4"):
        list(fit(Steep(), points, evaluate, settings()))


def test_batch_too_large_for_memory_names_the_setting_to_lower():
    class Greedy(Line):
        def forward(self, batch: Points) -> Loss:
            if len(batch) == 2:
                torch.empty(1 << 50)
            return super().forward(batch)

    class Named(Points):
        def __str__(self) -> str:
            return f"{len(self)} points"

    def of_epoch(epoch: int) -> list[Points]:
        return [Named(batch.x, batch.y) for batch in points(epoch)]

    expected = r"^out of memory in epoch 1, batch 4 of 4, 2 points; a lower training\.size \(now 16\) takes less \("
    with pytest.raises(MemoryNeeded, match=expected):
        list(fit(Greedy(), of_epoch, evaluate, settings(batch_setting="training.size (now 16)")))


def test_gradient_is_clipped():
    before = Line().map[1].weight.detach()
    chosen = settings(
        epochs=1, optimizer=lambda m: SGD(m.parameters(), lr=1.0), clip=1e-3, schedule=schedules.constant(0)
    )
    after = next(fit(Line(), points, evaluate, chosen)).weights["map.1.weight"]
    assert 0 < float((after - before).norm()) <= 4 * 1e-3  # four batches


@pytest.mark.parametrize("norm", [0.0, 0.5, 0.9999989, 0.999999, 1.0, 1.0000001, 40.0, math.inf, math.nan])
def test_clipping_has_the_bits_of_torch(norm):
    direction = torch.randn(50, 7, generator=torch.Generator().manual_seed(1))
    ours, theirs = ([nn.Parameter(torch.zeros(n, 7)) for n in (20, 30)] for _ in range(2))
    for parameters in (ours, theirs):
        for parameter, part in zip(parameters, (direction / direction.norm() * norm).split([20, 30]), strict=True):
            parameter.grad = part.clone()
    assert torch.equal(loop.clip_gradient(ours, 1.0).nan_to_num(), nn.utils.clip_grad_norm_(theirs, 1.0).nan_to_num())
    if math.isfinite(norm):  # the loop stops at another norm
        assert all(torch.equal(a.grad, b.grad) for a, b in zip(ours, theirs, strict=True))


def test_weight_decay_spares_embeddings_biases_and_transitions():
    model = nn.ModuleDict({"lstm": nn.LSTM(2, 3), "words": nn.Embedding(4, 2), "out": nn.Linear(3, 2)})
    model.register_parameter("transitions", nn.Parameter(torch.zeros(2, 2)))
    decayed, spared = parameter_groups(model, 0.1)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    assert {names[id(p)] for p in decayed["params"]} == {"lstm.weight_ih_l0", "lstm.weight_hh_l0", "out.weight"}
    assert len(decayed["params"]) + len(spared["params"]) == len(list(model.parameters()))
    assert (decayed["weight_decay"], spared["weight_decay"]) == (0.1, 0.0)
