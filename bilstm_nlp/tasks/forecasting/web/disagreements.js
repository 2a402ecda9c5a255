"use strict";

// Windows that variants forecast with different errors, for a comparison's report.html: a chart for each window.
// What `disagreementView` returns is written in studies/compare/web/disagreements.js.

function disagreementView(report) {
  const { title, shown } = facts(report);
  const kinds = [...new Set(report.disagreements.map((one) => one.column))].sort();
  const variants = (one) => Object.keys(one.errors);
  const spread = (one, chosen) => {
    const own = chosen.first ? [one.errors[chosen.first]] : variants(one).map((name) => one.errors[name]);
    const others = among(variants(one), chosen).map((name) => one.errors[name]);
    return Math.max(...own.flatMap((error) => others.map((other) => Math.abs(error - other))));
  };
  return {
    unit: "window",
    kindLabel: "Column",
    kinds,
    note:
      "Forecasts with one of the seeds, in scaled units; windows on which the chosen variants' errors are furthest " +
      "apart first. The thin grey line is the past, at most twice as long as what is forecast; the thick one what " +
      "then came.",
    variants,
    text: (one) => `${one.series} ${one.column} ${one.origin}`,
    chosen: (examples, chosen) =>
      examples
        .filter((one) => !chosen.kind || one.column === chosen.kind)
        .map((one) => ({ one, apart: spread(one, chosen) }))
        .filter(({ apart }) => apart > 0)
        .sort((first, second) => second.apart - first.apart)
        .map(({ one }) => one),
    card: (one, chosen) => {
      const names = among(variants(one), chosen).sort((first, second) => one.errors[first] - one.errors[second]);
      const host = element("div");
      const key = names.map((name) =>
        element("li", {}, ...named(report, name), " ", element("b", {}, shown(one.errors[name]))),
      );
      const heading = element("h3", {}, `${one.series}, ${one.column}, from ${one.origin}`);
      const card = element(
        "article",
        { class: "window" },
        heading,
        host,
        element("ul", { class: "legend", title }, ...key),
      );
      return { card, drawn: () => windowChart(report, host, one, names) };
    },
  };
}

function windowChart(report, host, one, names) {
  const { place } = facts(report);
  const horizon = one.actual.length;
  const past = one.past.slice(-Math.max(2 * horizon, 24));
  const values = [...past, ...one.actual, ...names.flatMap((name) => one.forecasts[name])];
  const yAxis = { scale: scaleOf(values, { count: 4 }), label: null };
  const xAxis = { scale: scaleOf([1 - past.length, horizon], { margin: 0.01 }), label: "steps ahead →" };
  const label = `${one.series}, ${one.column}, from ${one.origin}`;
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
    drawn(ahead(one.actual), "line actual", "actual");
    for (const name of [...names].reverse())
      drawn(ahead(one.forecasts[name]), `line forecast ${colour(place.get(name))}`, name);
  });
}
