"use strict";

// The view of disagreements of a task without a script of its own: a table for each unit.
// A field that is an object with a value for each variant has a row for each variant. Any other field has one row.

function disagreementView(report) {
  const order = facts(report).place;
  const byVariant = (value) => {
    const names = value !== null && typeof value === "object" && !Array.isArray(value) ? Object.keys(value) : [];
    return names.length > 0 && names.every((name) => order.has(name));
  };
  const fields = (example) => Object.values(example).filter(byVariant);
  const variants = (example) =>
    [...new Set(fields(example).flatMap(Object.keys))].sort((first, second) => order.get(first) - order.get(second));
  const plainText = (value) => (typeof value === "string" ? value : JSON.stringify(value));
  const disagree = (example, chosen) => {
    const answer = (name) => JSON.stringify(fields(example).map((field) => field[name] ?? null));
    const others = among(variants(example), chosen).map(answer);
    return chosen.first ? others.some((other) => other !== answer(chosen.first)) : new Set(others).size > 1;
  };
  return {
    unit: "example",
    kindLabel: "",
    kinds: [],
    note: "Predictions with one of the seeds, the largest disagreement first.",
    variants,
    text: (example) => Object.values(example).map(plainText).join(" "),
    chosen: (examples, chosen) => examples.filter((example) => disagree(example, chosen)),
    card: (example, chosen) => {
      const names = among(variants(example), chosen);
      const row = (heading, value) => {
        const cell = element("td", { class: "plain" }, plainText(value));
        return element("tr", {}, element("th", { scope: "row" }, ...heading), cell);
      };
      const rows = Object.entries(example).flatMap(([field, value]) =>
        byVariant(value)
          ? names.map((name) => row([`${field}: `, ...named(report, name)], value[name] ?? null))
          : [row([field], value)],
      );
      return { card: element("article", {}, element("table", {}, element("tbody", {}, ...rows))) };
    },
  };
}
