"use strict";

// The view of disagreements of a task without a script of its own: a table for each unit.
// A field that is an object with a value for each variant has a row for each variant. Any other field has one row.

function disagreementView(report) {
  const order = facts(report).place;
  const byVariant = (value) => {
    const names = value !== null && typeof value === "object" && !Array.isArray(value) ? Object.keys(value) : [];
    return names.length > 0 && names.every((name) => order.has(name));
  };
  const fields = (one) => Object.values(one).filter(byVariant);
  const variants = (one) =>
    [...new Set(fields(one).flatMap(Object.keys))].sort((first, second) => order.get(first) - order.get(second));
  const plainText = (value) => (typeof value === "string" ? value : JSON.stringify(value));
  const disagree = (one, chosen) => {
    const answer = (name) => JSON.stringify(fields(one).map((field) => field[name] ?? null));
    const others = among(variants(one), chosen).map(answer);
    return chosen.first ? others.some((other) => other !== answer(chosen.first)) : new Set(others).size > 1;
  };
  return {
    unit: "example",
    kindLabel: "",
    kinds: [],
    note: "Predictions with one of the seeds, the largest disagreement first.",
    variants,
    text: (one) => Object.values(one).map(plainText).join(" "),
    chosen: (examples, chosen) => examples.filter((one) => disagree(one, chosen)),
    card: (one, chosen) => {
      const names = among(variants(one), chosen);
      const row = (heading, value) => {
        const cell = element("td", { class: "plain" }, plainText(value));
        return element("tr", {}, element("th", { scope: "row" }, ...heading), cell);
      };
      const rows = Object.entries(one).flatMap(([field, value]) =>
        byVariant(value)
          ? names.map((name) => row([`${field}: `, ...named(report, name)], value[name] ?? null))
          : [row([field], value)],
      );
      return { card: element("article", {}, element("table", {}, element("tbody", {}, ...rows))) };
    },
  };
}
