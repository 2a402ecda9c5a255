"use strict";

// Windows that variants forecast with different errors, for a comparison's report.html: a chart for each window.
// What `disagreementView` returns is written in studies/compare/web/disagreements.js.

function disagreementView(report) {
  const { title, shown } = facts(report);
  const kinds = [...new Set(report.disagreements.map((example) => example.column))].sort();
  const variants = (example) => Object.keys(example.errors);
  const distance = (example, chosen) => {
    const own = chosen.first ? [example.errors[chosen.first]] : variants(example).map((name) => example.errors[name]);
    const others = among(variants(example), chosen).map((name) => example.errors[name]);
    return Math.max(...own.flatMap((error) => others.map((other) => Math.abs(error - other))));
  };
  return {
    unit: "window",
    kindLabel: "Column",
    kinds,
    note:
      "Forecasts with one of the seeds, in scaled units; windows on which the chosen variants' errors are furthest " +
      "apart first. The thin grey line is the past, at most twice as long as the forecast; the thick line " +
      "is what then came.",
    variants,
    text: (example) => `${example.series} ${example.column} ${example.origin}`,
    chosen: (examples, chosen) =>
      examples
        .filter((example) => !chosen.kind || example.column === chosen.kind)
        .map((example) => ({ example, distance: distance(example, chosen) }))
        .filter(({ distance }) => distance > 0)
        .sort((first, second) => second.distance - first.distance)
        .map(({ example }) => example),
    card: (example, chosen) => {
      const names = among(variants(example), chosen).sort(
        (first, second) => example.errors[first] - example.errors[second],
      );
      const host = element("div");
      const key = names.map((name) =>
        element("li", {}, ...named(report, name), " ", element("b", {}, shown(example.errors[name]))),
      );
      const heading = element("h3", {}, `${example.series}, ${example.column}, from ${example.origin}`);
      const card = element(
        "article",
        { class: "window" },
        heading,
        host,
        element("ul", { class: "legend", title }, ...key),
      );
      return { card, drawn: () => windowChart(report, host, example, names) };
    },
  };
}

function windowChart(report, host, example, names) {
  const { place } = facts(report);
  const horizon = example.actual.length;
  const past = example.past.slice(-Math.max(2 * horizon, 24));
  const values = [...past, ...example.actual, ...names.flatMap((name) => example.forecasts[name])];
  const yAxis = { scale: scaleOf(values, { count: 4 }), label: null };
  const xAxis = { scale: scaleOf([1 - past.length, horizon], { margin: 0.01 }), label: "steps ahead →" };
  const label = `${example.series}, ${example.column}, from ${example.origin}`;
  chart(host, { height: 230, label, xAxis, yAxis }, (svg, x, y, plot) => {
    // From the last row that was known on, so that lines hang together.
    const ahead = (future) => [[0, past.at(-1)], ...future.map((value, index) => [index + 1, value])];
    const drawn = (points, style, hint) => {
      const there = points.filter(([, value]) => value !== null);
      svg.append(
        line(
          there.map(([step, value]) => [x(step), y(value)]),
          style,
          hint,
        ),
      );
    };
    svg.append(shape("line", { class: "now", x1: x(0), x2: x(0), y1: plot.top, y2: plot.bottom }));
    drawn(
      past.map((value, index) => [index + 1 - past.length, value]),
      "line past",
      "past",
    );
    drawn(ahead(example.actual), "line actual", "actual");
    for (const name of [...names].reverse())
      drawn(ahead(example.forecasts[name]), `line forecast ${colour(place.get(name))}`, name);
  });
}
