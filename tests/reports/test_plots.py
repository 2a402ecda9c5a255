"""Plots: the artists of each figure hold the values, labels and sizes that were asked for."""

from __future__ import annotations

import struct
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.colors import same_color, to_hex

from bilstm_nlp.reports import plots

pytestmark = pytest.mark.usefixtures("drawn")


def lines(axes) -> dict[str, list[list[float]]]:
    """Return the points of each labelled line."""
    return {line.get_label(): line.get_xydata().tolist() for line in axes.lines if line.get_label()[0] != "_"}


def texts(axes) -> dict[tuple[int, int], str]:
    """Return the text at each (column, row)."""
    return {tuple(map(int, text.get_position())): text.get_text() for text in axes.texts}


def png_size(path) -> tuple[int, int]:
    """Return width and height from the header of a PNG file."""
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", content[16:24])


def check_saved(figure, path):
    """Check that the file has the figure's size in pixels."""
    width, height = figure.get_size_inches() * figure.dpi
    assert png_size(path) == (int(width), int(height))


# --- training ---


@pytest.mark.slow
def test_curves_show_loss_and_score_on_two_axes(tmp_path):
    figure = plots.curves([3.0, 2.0, 1.0], [0.2, 0.5, 0.4], "f1", 2, tmp_path / "new" / "c.png")
    left, right = figure.axes
    assert lines(left)["training"] == [[1, 3], [2, 2], [3, 1]]
    (score,) = right.lines
    assert score.get_xydata().tolist() == [[1, 0.2], [2, 0.5], [3, 0.4]]
    kept = left.lines[1]
    assert list(kept.get_xdata()) == [2, 2]
    assert (left.get_xlabel(), left.get_ylabel(), right.get_ylabel()) == ("epoch", "training loss", "development F1")
    assert left.get_title() == "Training loss and development F1\nepoch 2 is kept: F1 0.5000"
    # Each axis label has the colour of its line.
    for axes, line in ((left, left.lines[0]), (right, score)):
        assert same_color(axes.yaxis.label.get_color(), line.get_color())
    low, high = left.get_xlim()
    assert [tick for tick in left.get_xticks() if low <= tick <= high] == [1, 2, 3]
    check_saved(figure, tmp_path / "new" / "c.png")


@pytest.mark.slow
def test_loss_curves_share_a_logarithmic_axis(tmp_path):
    figure = plots.loss_curves([3.0, 2.0], [4.0, 0.5], "mse", 2, tmp_path / "c.png")
    (axes,) = figure.axes
    assert lines(axes)["training"] == [[1, 3], [2, 2]]
    assert lines(axes)["validation"] == [[1, 4], [2, 0.5]]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["training", "validation"]
    assert (axes.get_yscale(), axes.get_ylabel()) == ("log", "loss (MSE)")
    assert axes.get_title() == "Training and validation loss\nepoch 2 is kept: MSE 0.5000"


# --- tagging ---


def test_a_confusion_matrix_shades_each_count_by_its_row(tmp_path):
    counts = np.array([[1500, 375, 0], [0, 0, 0], [0, 3, 0]])
    figure = plots.confusion(["LOC", "PER", "none"], counts, tmp_path / "c.png")
    axes = figure.axes[0]
    shades = axes.images[0].get_array()
    assert np.ma.filled(shades, -1).tolist() == [[0.8, 0.2, 0], [0, 0, 0], [0, 1, -1]]
    assert axes.images[0].get_clim() == (0, 1)
    assert texts(axes) == {
        **{(0, 0): "1,500", (1, 0): "375", (2, 0): "0"},
        **{(0, 1): "0", (1, 1): "0", (2, 1): "0"},
        **{(0, 2): "0", (1, 2): "3"},
    }
    assert [label.get_text() for label in axes.get_xticklabels()] == ["LOC", "PER", "none"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["LOC", "PER", "none"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted type", "gold type")
    # Numbers are dark on bright cells, bright on dark cells.
    colours = {text.get_text(): to_hex(text.get_color()) for text in axes.texts}
    assert (colours["1,500"], colours["375"]) == ("#ffffff", "#000000")
    check_saved(figure, tmp_path / "c.png")


def test_forbidden_transitions_are_blank(tmp_path):
    scores = np.array([[0.26, np.nan], [-1.0, -0.04]])
    figure = plots.transitions(["O", "I-X"], scores, tmp_path / "t.png")
    axes = figure.axes[0]
    assert texts(axes) == {(0, 0): "0.3", (0, 1): "-1.0", (1, 1): "0.0"}
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("to", "from")
    assert np.ma.getmaskarray(axes.images[0].get_array()).tolist() == [[False, True], [False, False]]


def test_transitions_have_the_middle_of_the_colours_at_zero(tmp_path):
    scores = np.array([[0.5, 0.1, 0.2], [-3.0, 2.0, 0.1], [0.0, 0.3, 0.4]])
    axes = plots.transitions(["O", "B-X", "B-Y"], scores, tmp_path / "t.png").axes[0]
    assert axes.images[0].get_clim() == (-3, 3)
    below, middle, above = axes.images[0].cmap([0.0, 0.5, 1.0])
    assert min(middle[:3]) > 0.95
    assert below[0] > below[2]
    assert above[2] > above[0]


def test_lines_separate_the_transitions_of_types(tmp_path):
    tags = ["O", "B-X", "I-X", "B-Y-Z", "I-Y-Z"]
    axes = plots.transitions(tags, np.zeros((5, 5)), tmp_path / "t.png").axes[0]
    across = sorted(line.get_ydata()[0] for line in axes.lines if line.get_ydata()[0] == line.get_ydata()[1])
    down = sorted(line.get_xdata()[0] for line in axes.lines if line.get_xdata()[0] == line.get_xdata()[1])
    assert across == down == [0.5, 2.5]


def test_transitions_that_are_all_forbidden_are_drawn(tmp_path):
    assert texts(plots.transitions(["O"], np.array([[np.nan]]), tmp_path / "t.png").axes[0]) == {}


@pytest.mark.slow
@pytest.mark.parametrize("size", [2, plots.NUMBERED, plots.NUMBERED + 1])
def test_a_matrix_grows_with_its_labels_and_numbers_only_what_fits(tmp_path, size):
    figure = plots.confusion([str(i) for i in range(size)], np.ones((size, size), int), tmp_path / "c.png")
    assert len(figure.axes[0].texts) == (size**2 - 1 if size <= plots.NUMBERED else 0)
    width, height = figure.get_size_inches()
    assert height == pytest.approx(max(4, 0.45 * size + 2))
    assert width == pytest.approx(height + 1)
    check_saved(figure, tmp_path / "c.png")


@pytest.mark.slow
@pytest.mark.parametrize("heads", [1, 2, 5])
def test_attention_has_a_heat_map_for_each_head_in_the_same_colours(tmp_path, heads):
    weights = np.random.default_rng(0).dirichlet(np.ones(3), size=(heads, 3))
    figure = plots.attention(["$x_$", "b", "c"], weights, tmp_path / "a.png")
    maps = [axes for axes in figure.axes if axes.get_title().startswith("head ")]
    assert [axes.get_title() for axes in maps] == [f"head {number}" for number in range(1, heads + 1)]
    for axes, values in zip(maps, weights, strict=True):
        assert np.array_equal(axes.images[0].get_array(), values)
        assert axes.images[0].get_clim() == (0, weights.max())
        assert [label.get_text() for label in axes.get_yticklabels()] == ["$x_$", "b", "c"]
        assert not axes.get_xticklabels()[0].get_parse_math()
    assert len(figure.axes) == heads + 1  # and the colour bar
    assert (figure.get_supxlabel(), figure.get_supylabel()) == ("read", "by")


@pytest.mark.slow
def test_many_tokens_are_numbered(tmp_path):
    count = plots.NAMED + 1
    figure = plots.attention(["t"] * count, np.full((1, count, count), 1 / count), tmp_path / "a.png")
    assert "t" not in [label.get_text() for label in figure.axes[0].get_xticklabels()]


# --- forecasting ---


@pytest.mark.parametrize("steps", [3, plots.MARKED])
def test_errors_and_coverage_share_their_steps(tmp_path, steps):
    errors, coverage = np.linspace(1, 2, steps).tolist(), np.linspace(0.9, 0.7, steps).tolist()
    figure = plots.by_step(errors, coverage, 0.8, tmp_path / "s.png")
    upper, lower = figure.axes
    assert upper.lines[0].get_xydata().tolist() == [[step, value] for step, value in enumerate(errors, 1)]
    assert lower.lines[0].get_xydata().tolist() == [[step, value] for step, value in enumerate(coverage, 1)]
    assert list(lower.lines[1].get_ydata()) == [0.8, 0.8]
    assert [text.get_text() for text in lower.get_legend().get_texts()] == ["nominal 80%"]
    assert (upper.get_ylabel(), lower.get_ylabel(), lower.get_xlabel()) == ("MSE (scaled)", "coverage", "step")
    assert upper.lines[0].get_marker() == ("." if steps < plots.MARKED else "")


def panel(title: str) -> plots.ForecastPanel:
    dates = np.arange("2024-01-01", "2024-01-08", dtype="datetime64[D]")
    values = np.arange(7.0)
    return plots.ForecastPanel(title, dates[:4], values[:4], dates[4:], values[4:], values[4:] - 1, values[4:] + 2)


@pytest.mark.slow
def test_a_forecast_panel_shows_history_forecast_and_band(tmp_path):
    figure = plots.forecasts([panel("a"), panel("b")], 2, 0.9, tmp_path / "f.png")
    assert [axes.get_title() for axes in figure.axes] == ["a", "b"]
    for axes in figure.axes:
        history, forecast = axes.lines
        assert history.get_ydata().tolist() == [0, 1, 2, 3]
        # The forecast begins at the last value of the history, so that there is no gap.
        assert forecast.get_ydata().tolist() == [3, 4, 5, 6]
        assert forecast.get_xdata().tolist() == [panel("a").dates[-1], *panel("a").ahead.tolist()]
        (band,) = axes.collections
        assert {y for _, y in band.get_paths()[0].vertices} == {3, 4, 5, 6, 7, 8}
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["history", "forecast", "90% interval"]
    assert figure.get_suptitle() == ""
    check_saved(figure, tmp_path / "f.png")


@pytest.mark.slow
def test_panels_with_the_same_dates_name_them_once(tmp_path):
    later = replace(panel("b"), dates=panel("b").dates + 1)
    for second, named in ((panel("b"), [False, True]), (later, [True, True])):
        figure = plots.forecasts([panel("a"), second], 2, 0.9, tmp_path / "f.png")
        shown = [any(label.get_visible() for label in axes.get_xticklabels()) for axes in figure.axes]
        assert shown == named


def test_columns_left_out_are_counted(tmp_path):
    figure = plots.forecasts([panel("a")], 7, 0.9, tmp_path / "f.png")
    assert figure.get_suptitle() == "the first 1 of 7 columns"
    assert figure.get_size_inches().tolist() == pytest.approx([8, 3])


def test_a_plot_that_cannot_be_written_leaves_no_file(tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(OSError, match="taken"):
        plots.by_step([1.0], [0.8], 0.8, tmp_path / "taken" / "s.png")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
