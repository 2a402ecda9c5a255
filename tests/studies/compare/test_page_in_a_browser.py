"""report.html in a real browser: what it shows, and what it does when it is used.

Needs Debian's `chromium` on PATH and the Python package `playwright`, which drives it.
"""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest

from tests.studies.compare.example_reports import HOSTILE, carried, forecasting_report, page, tagging_report


@pytest.fixture(scope="module")
def tagging():
    return tagging_report()


@pytest.fixture(scope="module")
def forecasting():
    return forecasting_report()


@pytest.fixture(scope="module")
def tab(browser):
    """The tab that shows one report after the other: a new one takes longer than most tests."""
    context = browser.new_context()
    opened = context.new_page()
    opened.set_default_timeout(60_000)
    yield opened
    context.close()


@pytest.fixture
def show(tab, tmp_path):
    """Open a report in the browser, in place of the one before.

    A test fails if its page logs anything, throws, or asks for another file.
    """
    path, complaints = tmp_path / "report.html", []
    heard = {
        "console": lambda message: complaints.append(f"{message.type}: {message.text}"),
        "pageerror": lambda error: complaints.append(str(error)),
        "request": lambda request: request.url == path.as_uri() or complaints.append(request.url),
    }
    for event, hear in heard.items():
        tab.on(event, hear)

    def run(report, width=1280):
        path.write_text(page(report), encoding="utf-8")
        tab.set_viewport_size({"width": width, "height": 900})
        tab.goto(path.as_uri())
        return tab

    yield run
    for event, hear in heard.items():
        tab.remove_listener(event, hear)
    tab.mouse.move(0, 0)
    assert complaints == []


def names(opened):
    """The variants in the order of the ranking's rows."""
    return opened.locator("#ranking tbody th").evaluate_all("cells => cells.map(cell => cell.childNodes[1].data)")


def sections(opened):
    return opened.locator("main > section").evaluate_all("found => found.map(one => one.id)")


def test_a_tagging_report_is_drawn(show, tagging):
    opened = show(tagging)
    assert opened.title() == opened.inner_text("h1") == tagging["name"]
    assert sections(opened) == [
        *("answer", "ranking", "tradeoff", "learning", "training"),
        *("types", "disagreements", "runs", "method"),
    ]
    assert opened.locator("#words li").all_inner_texts() == tagging["words"]
    assert names(opened) == [variant["name"] for variant in tagging["variants"]]
    assert opened.locator("#ranking tbody svg.strip").count() == 6
    # One run of two variants left no result.
    assert opened.locator("#ranking tbody .seed").count() == 6 * 3 - 2
    assert opened.locator("#tradeoff figure div .marker").count() == opened.locator("#tradeoff .whisker").count() == 6
    assert opened.locator("#tradeoff .label").all_text_contents() == names(opened)
    assert opened.locator("#learning svg .line").count() == 6
    assert opened.locator("#learning figure div .marker").count() == 6 * 3
    assert opened.locator("#training .panel").count() == 6
    assert opened.locator("#training .thin").count() == 6 * 3 - 2
    assert opened.locator("#types tbody tr").count() == 6
    assert opened.locator("#types thead th").all_inner_texts()[1:] == ["LOC", "MISC", "ORG", "PER"]
    assert opened.inner_text("#command") == tagging["command"]


def test_a_forecasting_report_is_drawn_without_what_it_has_not(show, forecasting):
    opened = show(forecasting)
    assert sections(opened) == [
        *("answer", "ranking", "tradeoff", "training"),
        *("types", "disagreements", "runs", "method"),
    ]
    assert opened.inner_text("#types h2") == "MSE by column"
    assert opened.locator(".window svg .forecast").count() == 20 * 6
    assert opened.locator(".window svg .actual").count() == opened.locator(".window svg .past").count() == 20
    assert opened.locator("#curve-fraction-label").is_hidden()
    assert opened.locator("#warning").is_hidden()


def test_figures_are_scaled_as_the_measure_says(show, tagging, forecasting):
    for report, scale, digits in ((tagging, 100, 2), (forecasting, 1, 4)):
        first = report["variants"][0]
        cells = show(report).locator("#ranking tbody tr").first.locator("td")
        mean, deviation = cells.nth(1).inner_text().split()[::2]
        assert mean == f"{first['mean'] * scale:.{digits}f}"
        assert deviation == f"{first['deviation'] * scale:.{digits}f}"
        difference = first["difference"]["mean"] * scale
        assert cells.nth(3).inner_text().split()[0] == f"{difference:+.{digits}f}".replace("-", "−")


def test_headers_sort_rows_by_mouse_and_keyboard(show, tagging):
    opened = show(tagging)
    variants = tagging["variants"]
    header = opened.locator("#ranking thead th", has_text="Predicts")

    def by_speed(falling):
        return [
            variant["name"]
            for variant in sorted(variants, key=lambda variant: variant["prediction_speed"], reverse=falling)
        ]

    assert header.get_attribute("aria-sort") is None
    header.locator("button").click()
    assert (names(opened), header.get_attribute("aria-sort")) == (by_speed(True), "descending")
    opened.keyboard.press("Enter")
    assert (names(opened), header.get_attribute("aria-sort")) == (by_speed(False), "ascending")
    opened.keyboard.press("Space")
    assert names(opened) == by_speed(True)
    opened.locator("#ranking thead button", has_text="Variant").click()
    assert names(opened) == sorted(variant["name"] for variant in variants)
    assert opened.locator("#ranking [aria-sort]").count() == 1


def test_what_there_is_none_of_is_sorted_last(show, tagging):
    opened = show(tagging)
    header = opened.locator("#ranking thead button", has_text="Difference")
    for _ in range(2):
        header.click()
        assert names(opened)[-1] == tagging["baseline"]


def differing(report, kind=None, pair=None):
    """Texts of the sentences on which not all, or not both, find the same entities of a kind."""
    texts = []
    for example in report["disagreements"]:
        answers = {
            name: {tuple(span) for span in spans if kind in {None, span[0]}} for name, spans in example["found"].items()
        }
        if len({frozenset(answers[name]) for name in pair or answers}) > 1:
            texts.append(" ".join(example["tokens"]))
    return texts


def shown(opened):
    """Texts of the sentences that are shown."""
    while opened.locator("#more").is_visible():
        opened.locator("#more").click()
    return opened.locator(".sentence .reading:first-child .tokens").evaluate_all(
        "found => found.map(one => [...one.childNodes].map(node => node.data ?? node.firstChild.textContent).join(''))"
    )


def test_sentences_are_filtered_and_counted(show, tagging):
    opened = show(tagging)
    total = len(tagging["disagreements"])
    count = opened.locator("#count")
    assert total >= 30
    assert opened.locator(".sentence").count() == 20
    assert shown(opened) == differing(tagging)
    assert count.inner_text() == f"{total} of {total} sentences"

    def check(expected):
        assert 0 < len(expected) < total
        assert count.inner_text() == f"{len(expected)} of {total} sentences"
        assert shown(opened) == expected

    opened.select_option("#kind", "LOC")
    check(differing(tagging, "LOC"))
    opened.select_option("#first", "stacked")
    opened.select_option("#second", "no-characters")
    check(differing(tagging, "LOC", ("stacked", "no-characters")))
    opened.select_option("#kind", "")
    check(differing(tagging, None, ("stacked", "no-characters")))
    told = set(opened.locator(".sentence .who").all_inner_texts())
    assert {name.strip() for name in told} == {"stacked", "no-characters"}
    opened.select_option("#first", "")
    assert opened.locator("#second").is_disabled()
    opened.fill("#text", "  jordan ")
    check([text for text in differing(tagging) if "Jordan" in text])
    opened.fill("#text", "no such word")
    assert (count.inner_text(), opened.locator(".sentence").count()) == (f"0 of {total} sentences", 0)
    opened.focus("#text")
    opened.keyboard.press("Enter")
    assert opened.url.endswith("report.html")


def test_entities_are_marked_right_wrong_and_missed(show, tagging):
    report = copy.deepcopy(tagging)
    tokens = ["Ada", "Lovelace", "met", "Babbage", "in", "London"]
    gold = [["PER", 0, 2], ["PER", 3, 4], ["LOC", 5, 6]]
    predictions = {"stacked": gold, "bigru-crf": [["LOC", 5, 6], ["PER", 0, 1]], "bilstm-crf": gold}
    report["disagreements"] = [{"tokens": tokens, "gold": gold, "found": predictions}]
    opened = show(report)
    readings = opened.locator(".reading")
    assert [name.split() for name in readings.locator(".names").all_inner_texts()] == [
        *(["gold"], ["stacked", "bilstm-crf"], ["bigru-crf"])
    ]
    marks = [
        [
            (
                mark.locator(".words").inner_text(),
                mark.locator("b").inner_text(),
                mark.get_attribute("class").split()[1],
            )
            for mark in readings.nth(row).locator("mark").all()
        ]
        for row in range(3)
    ]
    assert marks[0] == marks[1]
    assert marks[0] == [("Ada Lovelace", "PER", "right"), ("Babbage", "PER", "right"), ("London", "LOC", "right")]
    assert marks[2] == [("Ada", "PER", "wrong"), ("Babbage", "PER", "missed"), ("London", "LOC", "right")]


def test_a_third_task_has_a_plain_table_for_each_disagreement(show, tagging):
    report = copy.deepcopy(tagging)
    sums = {"stacked": 4, "bigru-crf": 5, "bilstm-crf": 4}
    report["task"] = "adding"
    report["disagreements"] = [
        {"terms": [2, 2], "answer": 4, "sums": sums},
        {"terms": [1, "<b>"], "answer": HOSTILE[0], "sums": {**sums, "stacked": None}},
    ]
    opened = show(report)
    tables = opened.locator("#examples table")
    assert [row.split("\t") for row in tables.first.inner_text().splitlines()] == [
        ["terms", "[2,2]"],
        ["answer", "4"],
        *(["sums: stacked", "4"], ["sums: bigru-crf", "5"], ["sums: bilstm-crf", "4"]),
    ]
    assert opened.locator("#kind").is_hidden()
    assert opened.inner_text("#count") == "2 of 2 examples"
    opened.select_option("#first", "stacked")
    opened.select_option("#second", "bilstm-crf")
    assert opened.inner_text("#count") == "1 of 2 examples"
    assert opened.locator("#examples tr").all_inner_texts()[1:] == [
        f"answer\t{HOSTILE[0]}",
        *("sums: stacked\tnull", "sums: bilstm-crf\t4"),
    ]
    opened.fill("#text", "nothing of the kind")
    assert opened.inner_text("#count") == "0 of 2 examples"


def test_characters_of_scripts_without_blanks_stand_close(show, tagging):
    report = copy.deepcopy(tagging)
    predictions = {"stacked": [["NAME", 0, 2]], "bigru-crf": []}
    report["disagreements"] = [{"tokens": list("王芳任经理"), "gold": [["NAME", 0, 2]], "found": predictions}]
    opened = show(report)
    assert shown(opened) == ["王芳任经理"]
    opened.fill("#text", "芳任")
    assert opened.inner_text("#count") == "1 of 1 sentence"


def test_windows_are_filtered_and_put_in_order(show, forecasting):
    opened = show(forecasting)
    count, titles = opened.locator("#count"), opened.locator(".window h3")
    examples = forecasting["disagreements"]

    def title(window):
        return f"{window['series']}, {window['column']}, from {window['origin']}"

    assert count.inner_text() == "30 of 30 windows"
    opened.select_option("#kind", "solar")
    solar = [window for window in examples if window["column"] == "solar"]
    assert titles.all_inner_texts() == [title(window) for window in solar]
    opened.select_option("#first", "gru")
    opened.select_option("#second", "patches")
    solar.sort(key=lambda window: -abs(window["errors"]["gru"] - window["errors"]["patches"]))
    assert titles.all_inner_texts() == [title(window) for window in solar]
    assert count.inner_text() == f"{len(solar)} of 30 windows"
    assert opened.locator(".window").first.locator(".forecast").count() == 2
    best = min(("gru", "patches"), key=solar[0]["errors"].get)
    said = opened.locator(".window .legend").first.locator("li").first.inner_text()
    assert said.split() == [best, f"{solar[0]['errors'][best]:.4f}"]
    opened.fill("#text", solar[3]["origin"][:10])
    assert titles.all_inner_texts() == [title(solar[3])]


def test_runs_without_a_result_are_named_with_their_errors(show, tagging):
    opened = show(tagging)
    assert opened.inner_text("#warning").startswith("2 of 54 runs left no result")
    failed, missing = opened.locator(".failure").all()
    assert "one-direction, seed 2, 100 % of the training data: failed" in failed.inner_text()
    assert failed.locator("pre").inner_text() == next(run["error"] for run in tagging["runs"] if run["error"])
    assert "no-characters, seed 3, 100 % of the training data: missing" in missing.inner_text()
    assert opened.inner_text("#runs-summary") == "All 54 runs: 52 finished, 1 failed, 1 missing"
    opened.locator("#runs-summary").click()
    assert opened.locator("#runs tbody tr").count() == 54


def test_curves_of_another_part_and_kind_can_be_chosen(show, tagging):
    opened = show(tagging)
    assert opened.locator("#curve-fraction option").all_inner_texts() == ["100 %", "30 %", "10 %"]
    before = opened.locator("#training .thin").first.get_attribute("d")
    opened.select_option("#curve-fraction", "0.1")
    assert opened.locator("#training .thin").count() == 18
    of_a_part = opened.locator("#training .thin").first.get_attribute("d")
    opened.select_option("#curve-kind", "scores")
    assert len({before, of_a_part, opened.locator("#training .thin").first.get_attribute("d")}) == 3


def test_ticks_of_few_epochs_are_whole_numbers(show, tagging):
    report = copy.deepcopy(tagging)
    for curve in report["curves"]:
        curve.update(losses=curve["losses"][:3], scores=curve["scores"][:3])
    opened = show(report)
    ticks = opened.locator("#training .panel").first.locator("text.tick[text-anchor=middle]").all_text_contents()
    assert ticks == ["1", "2", "3"]


def test_a_score_that_all_variants_share_is_not_bold(show, tagging):
    report = copy.deepcopy(tagging)
    for variant in report["variants"]:
        variant["per_type"]["MISC"] = 0.0
    opened = show(report)
    bold = opened.locator("#types tbody tr").evaluate_all(
        "rows => rows.map(row => [...row.querySelectorAll('td')].map(cell => cell.querySelector('strong') !== null))"
    )
    loc, misc, *_ = zip(*bold, strict=True)
    assert sum(misc) == 0
    assert sum(loc) == 1


def test_a_front_of_one_variant_is_said_and_not_drawn(show, tagging):
    report = copy.deepcopy(tagging)
    opened = show(report)
    assert opened.locator("#tradeoff .front").count() == 1
    assert "dashed line is the Pareto front" in opened.inner_text("#tradeoff-note")
    for variant in report["variants"]:
        variant["on_front"] = variant["name"] == "stacked"
    opened = show(report)
    assert opened.locator("#tradeoff .front").count() == 0
    assert "stacked is best in both." in opened.inner_text("#tradeoff-note")
    assert "dashed" not in opened.inner_text("#tradeoff-note")


def noted(opened):
    return opened.inner_text("#ranking-note")


def test_two_seeds_are_called_too_few_for_an_interval(show, tagging):
    few = [variant["name"] for variant in tagging["variants"] if variant["runs"] == 2]
    assert f"Two seeds are too few for an interval that says much ({', '.join(few)})" in noted(show(tagging))
    report = copy.deepcopy(tagging)
    for variant in report["variants"]:
        variant["runs"] = 3
    assert "too few" not in noted(show(report))


def test_labels_of_points_cover_no_interval(show, tagging):
    opened = show(tagging)
    assert opened.locator("#tradeoff .legend").is_hidden()
    boxes = "found => found.map(one => one.getBoundingClientRect().toJSON())"
    labels = opened.locator("#tradeoff .label").evaluate_all(boxes)
    bars = opened.locator("#tradeoff .whisker").evaluate_all(boxes)
    assert len(labels) == len(bars) == 6
    crossings = [
        (label, bar)
        for label in labels
        for bar in bars
        if label["left"] < bar["right"]
        and bar["left"] < label["right"]
        and label["top"] + 3 < bar["bottom"]
        and bar["top"] < label["bottom"] - 3
    ]
    assert crossings == []


def test_a_legend_replaces_labels_without_room(show, tagging):
    opened = show(tagging, 390)
    assert opened.locator("#tradeoff .label").count() == 0
    assert opened.locator("#tradeoff .legend li").all_inner_texts() == names(opened)


def test_types_have_colours_of_no_variant(show, tagging):
    opened = show(tagging)
    colours = "found => [...new Set(found.map(one => getComputedStyle(one).getPropertyValue('--colour')))]"
    of_types = opened.locator("mark.entity").evaluate_all(colours)
    of_variants = opened.locator("#ranking .marker").evaluate_all(colours)
    assert len(of_types) == 4
    assert len(of_variants) == 6
    assert not set(of_types) & set(of_variants)


def test_text_stays_text(show, tagging):
    report = json.loads(json.dumps(tagging))
    hostile = " ".join(HOSTILE)
    report = renamed(report, {"stacked": hostile, "PER": HOSTILE[0]})
    report["name"] = report["command"] = hostile
    report["words"] = [f"{hostile} {sentence}" for sentence in report["words"]]
    report["disagreements"][0]["tokens"][0] = hostile
    for run in report["runs"]:
        run["folder"] = hostile
        run["error"] = hostile if run["status"] != "finished" else None
    opened = show(report)
    assert opened.evaluate("window.harmed") is None
    assert opened.locator("img, script:not(#report)").count() == 1
    assert opened.evaluate("document.querySelector('h1').textContent") == hostile
    assert opened.evaluate("document.querySelector('#unfinished pre').textContent") == hostile
    assert names(opened)[0] == hostile
    opened.fill("#text", HOSTILE[0])
    assert opened.inner_text("#count") == f"1 of {len(report['disagreements'])} sentences"
    opened.fill("#text", "")
    opened.select_option("#kind", HOSTILE[0])
    assert opened.locator(".sentence mark b").all_text_contents().count(HOSTILE[0]) > 0


def renamed(value, changes):
    """A report with other names for things, keys as well."""
    if isinstance(value, dict):
        return {changes.get(key, key): renamed(item, changes) for key, item in value.items()}
    if isinstance(value, list):
        return [renamed(item, changes) for item in value]
    return changes.get(value, value) if isinstance(value, str) else value


def test_other_scripts_do_not_run(browser, tmp_path, tagging):
    path = tmp_path / "report.html"
    path.write_text(page(tagging).replace("</body>", "<script>window.harmed = 1</script></body>"), encoding="utf-8")
    opened = browser.new_page()
    opened.goto(path.as_uri())
    assert opened.evaluate("window.harmed") is None
    assert opened.locator("#ranking tbody tr").count() == 6
    opened.close()


def test_a_report_without_any_result_is_drawn(show, tagging):
    report = copy.deepcopy(tagging)
    figures = ("mean", "deviation", "best", "worst", "low", "high", "parameters", "training_seconds", "training_speed")
    for variant in report["variants"]:
        variant.update(dict.fromkeys((*figures, "rank", "prediction_speed", "peak_memory_mb", "difference")))
        variant.update(runs=0, failed=3, per_type={}, on_front=False)
    for run in report["runs"]:
        run.update(status="failed", score=None, seconds=None, error=None)
    report["learning_curves"] = [{"variant": variant["name"], "points": []} for variant in report["variants"]]
    report.update(curves=[], disagreements=[])
    report["environment"] = {"cores": 0, "jobs": 0, "threads": 0, "versions": {}}
    opened = show(report)
    assert sections(opened) == ["answer", "ranking", "runs", "method"]
    assert opened.locator("#ranking tbody tr").first.inner_text().split()[-8:] == [*"–––––0", "3", "failed"]


def test_gaps_among_figures_are_left_out(show, tagging):
    report = copy.deepcopy(tagging)
    report["seeds"] = [1]
    for variant in report["variants"]:
        variant.update(deviation=None, low=None, high=None)
    report["variants"][0]["per_type"]["PER"] = None
    report["variants"][1]["mean"] = None
    del report["variants"][2]["per_type"]["LOC"]
    for point in (point for curve in report["learning_curves"] for point in curve["points"]):
        point.update(low=None, high=None)
    report["learning_curves"][0]["points"][1]["mean"] = None
    curve = next(curve for curve in report["curves"] if curve["fraction"] == 1)
    curve["losses"][3] = None
    curve["scores"] = [None] * 12
    opened = show(report)
    assert opened.locator(".whisker").count() == 0
    assert opened.locator("#tradeoff figure div .marker").count() == 5
    assert opened.locator("#learning figure div .marker").count() == 17
    assert "There is one seed" in opened.inner_text("#ranking-note")
    opened.select_option("#curve-kind", "scores")
    assert opened.locator("#training .thin").count() == 6 * 3 - 3
    assert "NaN" not in opened.content().replace(carried(page(report)), "")


@pytest.mark.parametrize("task", ["tagging", "forecasting"])
def test_narrow_screens_scroll_tables_but_not_the_page(show, task, request):
    opened = show(request.getfixturevalue(task), width=400)
    assert opened.evaluate("document.documentElement.scrollWidth") == 400
    before = opened.locator("#tradeoff figure div svg").get_attribute("width")
    opened.set_viewport_size({"width": 800, "height": 900})
    opened.wait_for_function(f"document.querySelector('#tradeoff figure div svg').getAttribute('width') > {before}")


def test_ticks_are_round_and_as_many_as_wanted(show, forecasting):
    generator = np.random.default_rng(0)
    low = generator.normal(size=300) * 10 ** generator.uniform(-4, 5, size=300)
    ranges = np.stack([low, low + 10 ** generator.uniform(-3, 5, size=300)], axis=1).tolist()
    opened = show(forecasting)
    ticks_by_range = opened.evaluate("ranges => ranges.map(([low, high]) => roundTicks(low, high, 5).ticks)", ranges)
    for (start, end), ticks in zip(ranges, ticks_by_range, strict=True):
        steps = np.diff(ticks)
        np.testing.assert_allclose(steps, steps[0])
        mantissa = steps[0] / 10 ** np.floor(np.log10(steps[0]) + 1e-9)
        assert round(mantissa, 6) in {1, 2, 5}
        room = steps[0] * 1e-6
        assert start - room <= min(ticks)
        assert max(ticks) <= end + room
        # None is missing at an end, and there are about five.
        assert min(ticks) - steps[0] < start + room
        assert max(ticks) + steps[0] > end - room
        assert 3 <= len(ticks) <= 9
