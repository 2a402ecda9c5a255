"use strict";

// The sections with tables. A section takes the report, and removes itself if there is nothing to show.

// --- ranking ---------------------------------------------------------------------------------------------------------

function ranking(report) {
  const { variants, baseline, measure } = report;
  const { title, unit, direction, shown, shownSigned, level, largest, units } = facts(report);
  const others = variants.filter((variant) => variant.difference !== null);
  const compares =
    `The difference is to ${baseline}, over the seeds that both have; its interval and p are made of the ` +
    `noise between seeds and that between ${units}. It counts as distinguishable if p, raised for ` +
    `${counted(others.length, "comparison")} (Holm), is below ${Number((1 - report.level).toPrecision(3))}.`;
  document.querySelector("#ranking-note").textContent = [
    `${unit} on the ${measure.part} part, ${direction}`,
    largest < 1 ? `, after training on ${part(largest)} of the training data. ` : ". ",
    report.seeds.length > 1
      ? `Points are means over seeds, bars their ${level} intervals, thin strokes single seeds; arrows are where a ` +
        `bar goes on. ${fewSeeds(report)}`
      : "There is one seed: the noise between seeds is in none of the figures. ",
    others.length ? compares : "",
  ].join("");

  const plain = (heading, name, digits = 0) => ({
    title: heading,
    numeric: true,
    falling: true,
    key: (variant) => variant[name],
    cell: (variant) => figure(variant[name], digits),
  });
  const change = ({ difference }) => {
    if (difference === null) return [];
    const { mean, low, high, distinguishable } = difference;
    const value = element(distinguishable ? "strong" : "span", {}, shownSigned(mean));
    return [value, small(`${shownSigned(low)} to ${shownSigned(high)}`)];
  };
  const chance = ({ difference }) => {
    if (difference === null) return [];
    const verdict = difference.distinguishable ? "distinguishable" : "not distinguishable";
    return [figure(difference.adjusted, 3), element("small", { class: "wrapped" }, verdict)];
  };
  const columns = [
    { title: "Rank", numeric: true, key: (variant) => variant.rank, cell: (variant) => figure(variant.rank) },
    {
      title: "Variant",
      heads: true,
      key: (variant) => variant.name,
      cell: (variant) => [...named(report, variant.name), changes(report, variant)],
    },
    {
      title,
      numeric: true,
      falling: measure.higher_is_better,
      key: (variant) => variant.mean,
      cell: ({ mean, deviation }) => [shown(mean), deviation === null ? null : small(`± ${shown(deviation)}`)],
    },
    ...(variants.some((variant) => variant.mean !== null) ? [intervals(report)] : []),
    ...(others.length
      ? [
          {
            title: "Difference",
            numeric: true,
            falling: measure.higher_is_better,
            key: (variant) => variant.difference && variant.difference.mean,
            cell: change,
          },
          {
            title: "p (Holm)",
            numeric: true,
            key: ({ difference }) => difference && difference.adjusted,
            cell: chance,
          },
        ]
      : []),
    {
      ...plain("Predicts, seq/s", "prediction_speed"),
      cell: (variant) => [figure(variant.prediction_speed), variant.on_front ? small("on the front") : null],
    },
    {
      ...plain("Trains, seq/s", "training_speed"),
      cell: ({ training_speed: speed, training_seconds: seconds }) => [
        figure(speed),
        seconds === null ? null : small(`${figure(seconds, 1)} s in all`),
      ],
    },
    { ...plain("Parameters", "parameters"), falling: false },
    { ...plain("Memory, MiB", "peak_memory_mb"), falling: false },
    {
      ...plain("Runs", "runs"),
      cell: ({ runs, failed }) => [
        figure(runs),
        failed ? element("small", { class: "bad" }, `${failed} failed`) : null,
      ],
    },
  ];
  sortable(document.querySelector("#ranking table"), columns, variants, 0);
}

/** Returns a warning for variants with two seeds: Student's interval of three is less than a third as long. */
function fewSeeds(report) {
  const few = report.variants.filter((variant) => variant.runs === 2).map((variant) => variant.name);
  return few.length
    ? `Two seeds are too few for an interval that says much (${few.join(", ")}): with a third seed, it is less than ` +
        "a third as long. "
    : "";
}

function changes(report, variant) {
  const listed = Object.entries(variant.changes).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  if (variant.name === report.baseline) listed.unshift("the baseline");
  return small(listed.join(", "));
}

/** Returns the column of intervals. All rows, and the ticks above them, have the same axis. */
function intervals(report) {
  const { scaled, shown, largest } = facts(report);
  const scores = (variant) =>
    report.runs
      .filter((run) => run.variant === variant.name && run.fraction === largest && run.score !== null)
      .map((run) => ({ seed: run.seed, score: run.score }));
  const points = report.variants.flatMap((variant) => [variant.mean, ...scores(variant).map(({ score }) => score)]);
  const bounds = report.variants.flatMap((variant) => [variant.low, variant.high]);
  const scale = scaleOf(reach(points.map(scaled), bounds.map(scaled)), { count: 4 });
  const width = 170;
  const x = (value) => 8 + scale.share(value) * (width - 16);
  const ground = () =>
    scale.ticks.map((tick) => shape("line", { class: "grid", x1: x(tick), x2: x(tick), y1: 0, y2: 30 }));
  const head = shape("svg", { width, height: 16, class: "strip", "aria-hidden": "true" });
  head.append(...scale.ticks.map((tick) => textAt(x(tick), 12, scale.text(tick), "tick", "middle")));
  const cell = (variant) => {
    const index = report.variants.indexOf(variant);
    const svg = shape("svg", { width, height: 30, class: "strip", role: "img" }, null, ...ground());
    const { mean, low, high } = variant;
    const said = low === null ? shown(mean) : `${shown(mean)}, ${shown(low)} to ${shown(high)}`;
    svg.setAttribute("aria-label", said);
    if (low !== null) {
      svg.append(whisker(x(scaled(low)), x(scaled(high)), 15, [2, width - 2], colour(index), true));
    }
    for (const { seed, score } of scores(variant)) {
      const at = x(scaled(score));
      const attributes = { class: `seed ${colour(index)}`, x1: at, x2: at, y1: 6, y2: 24 };
      svg.append(shape("line", attributes, `seed ${seed}: ${shown(score)}`));
    }
    if (mean !== null) svg.append(marker(x(scaled(mean)), 15, index, said));
    return svg;
  };
  return { title: head, cell };
}

// --- by type, by run -------------------------------------------------------------------------------------------------

/** Shades cells by their difference from the baseline: in percentage points, or relative to it for other measures. */
function types(report) {
  const section = document.querySelector("#types");
  const { title, unit, scaled, shown } = facts(report);
  const names = [...new Set(report.variants.flatMap((variant) => Object.keys(variant.per_type)))].sort();
  if (!names.length) return section.remove();
  const [points, better] = [report.measure.scale === 100, report.measure.higher_is_better ? 1 : -1];
  const baseline = report.variants.find((variant) => variant.name === report.baseline);
  const value = (variant, name) => variant.per_type[name] ?? null;
  const change = (variant, name) => {
    const [own, base] = [scaled(value(variant, name)), scaled(value(baseline, name))];
    if (variant === baseline || own === null || base === null || (!points && base === 0)) return null;
    return points ? own - base : (100 * (own - base)) / base;
  };
  const changed = report.variants.flatMap((variant) => names.map((name) => Math.abs(change(variant, name) ?? 0)));
  const most = Math.max(...changed);
  const best = new Map(
    names.map((name) => {
      const scores = report.variants.map((variant) => value(variant, name)).filter((score) => score !== null);
      const best = better * Math.max(...scores.map((score) => better * score));
      // A score that all variants share is nobody's best.
      return [name, scores.some((score) => score !== best) ? best : null];
    }),
  );
  section.querySelector("h2").textContent = `${title} by ${report.subject.groups}`;
  document.querySelector("#types-note").textContent =
    `Mean ${unit} over seeds; small figures are differences from ` +
    `${report.baseline}, green where they are for the better and brown for the worse, the best of a column is bold. ` +
    "No test stands behind single cells: they say where to look.";
  const columns = names.map((name) => ({
    title: name,
    numeric: true,
    falling: report.measure.higher_is_better,
    key: (variant) => value(variant, name),
    cell: (variant) => {
      const [own, moved] = [value(variant, name), change(variant, name)];
      const weight = own !== null && own === best.get(name) ? "strong" : "span";
      const cell = element("div", { class: "heat" }, element(weight, {}, shown(own)));
      if (moved === null) return cell;
      cell.append(small(points ? signed(moved, 1) : `${signed(moved)} %`));
      cell.classList.add(moved * better > 0 ? "better" : "worse");
      cell.style.setProperty("--heat", `${most ? (Math.abs(moved) / most) * 45 : 0}%`);
      return cell;
    },
  }));
  const heading = { title: "Variant", heads: true, key: ({ name }) => name, cell: ({ name }) => named(report, name) };
  return sortable(section.querySelector("table"), [heading, ...columns], report.variants);
}

function runs(report) {
  const { title, shown } = facts(report);
  const columns = [
    { title: "Variant", heads: true, key: (run) => run.variant, cell: (run) => named(report, run.variant) },
    { title: "Seed", numeric: true, key: (run) => run.seed, cell: (run) => String(run.seed) },
    { title: "Part", numeric: true, key: (run) => run.fraction, cell: (run) => part(run.fraction) },
    {
      title: "Status",
      key: (run) => run.status,
      cell: (run) => element("span", { class: run.status === "finished" ? null : "bad" }, run.status),
    },
    { title, numeric: true, falling: true, key: (run) => run.score, cell: (run) => shown(run.score) },
    {
      title: "Seconds",
      numeric: true,
      falling: true,
      key: (run) => run.seconds,
      cell: (run) => figure(run.seconds, 1),
    },
    { title: "Folder", key: (run) => run.folder, cell: (run) => element("code", {}, run.folder) },
  ];
  sortable(document.querySelector("#runs table"), columns, report.runs);
  const unfinished = report.runs.filter((run) => run.status !== "finished");
  const counts = ["finished", "failed", "missing"]
    .map((status) => [report.runs.filter((run) => run.status === status).length, status])
    .filter(([count]) => count);
  document.querySelector("#runs-summary").textContent =
    `All ${counted(report.runs.length, "run")}: ` + counts.map(([count, status]) => `${count} ${status}`).join(", ");
  document.querySelector("#unfinished").append(...unfinished.map((run) => withoutResult(report, run)));
  if (!unfinished.length) return;
  const warning = document.querySelector("#warning");
  warning.hidden = false;
  const link = element("a", { href: "#unfinished" }, unfinished.length === 1 ? "why" : "which, and why");
  warning.append(
    `${unfinished.length} of ${counted(report.runs.length, "run")} left no result and count in no figure (`,
    link,
    ").",
  );
}

function withoutResult(report, run) {
  const what = `, seed ${run.seed}, ${part(run.fraction)} of the training data: ${run.status}`;
  const made = element("div", { class: "failure" }, element("p", {}, ...named(report, run.variant), what));
  if (run.error) made.append(element("pre", {}, run.error));
  made.append(element("p", { class: "muted" }, element("code", {}, run.folder)));
  return made;
}
