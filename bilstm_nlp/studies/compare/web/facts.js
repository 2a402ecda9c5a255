"use strict";

// Facts of a report that several sections need.

/** Returns the names of the measure, functions that write its figures, and the order of the variants. */
function facts(report) {
  const { measure, variants } = report;
  const digits = measure.scale === 100 ? 2 : 4;
  const scaled = (value) => (value === null || value === undefined ? null : value * measure.scale);
  return {
    title: measure.name.toUpperCase(),
    unit: measure.scale === 100 ? `${measure.name.toUpperCase()} in percent` : measure.name.toUpperCase(),
    direction: measure.higher_is_better ? "higher is better" : "lower is better",
    digits,
    scaled,
    shown: (value) => figure(scaled(value), digits),
    shownSigned: (value) => signed(scaled(value), digits),
    place: new Map(variants.map((variant, index) => [variant.name, index])),
    largest: Math.max(...report.fractions),
    level: `${figure(report.level * 100)} %`,
    units: report.subject.units,
  };
}

function part(fraction) {
  return `${Number((fraction * 100).toPrecision(4))} %`;
}

/** Returns a variant's marker and its name. */
function named(report, name) {
  return [badge(facts(report).place.get(name)), name];
}

function legend(report, names) {
  return element("ul", { class: "legend" }, ...names.map((name) => element("li", {}, ...named(report, name))));
}
