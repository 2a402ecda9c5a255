"use strict";

// Sentences that variants tag differently, for a comparison's report.html: a line for each group of variants with the
// same predictions. studies/compare/web/disagreements.js describes the object that `disagreementView` returns.

function disagreementView(report) {
  const order = facts(report).place;
  const variants = (example) =>
    Object.keys(example.found).sort((first, second) => order.get(first) - order.get(second));
  const spans = report.disagreements.flatMap((example) => [example.gold, ...Object.values(example.found)].flat());
  const kinds = [...new Set(spans.map(([type]) => type))].sort();
  const answer = (predicted, kind) => JSON.stringify(inOrder(predicted.filter(([type]) => !kind || type === kind)));
  const disagree = (example, chosen) => {
    const answerOf = (name) => answer(example.found[name] ?? [], chosen.kind);
    const others = among(variants(example), chosen).map(answerOf);
    return chosen.first ? others.some((other) => other !== answerOf(chosen.first)) : new Set(others).size > 1;
  };
  return {
    unit: "sentence",
    kindLabel: "Type",
    kinds,
    note:
      "Predictions of each variant with one of the seeds, the most disputed sentences first; variants with the same " +
      "predictions share a line. Filled: as in the gold annotation. Framed: predicted, but not in the gold " +
      "annotation. Dashed: missed.",
    variants,
    text: (example) => joined(example.tokens),
    chosen: (examples, chosen) => examples.filter((example) => disagree(example, chosen)),
    card: (example, chosen) => {
      const groups = new Map();
      for (const name of among(variants(example), chosen)) {
        const key = answer(example.found[name]);
        groups.set(key, [...(groups.get(key) ?? []), name]);
      }
      const gold = reading(
        [element("b", {}, "gold")],
        example.tokens,
        example.gold.map((span) => [span, "right"]),
        kinds,
      );
      const rows = [...groups].map(([, names]) => {
        const who = names.flatMap((name) => [element("span", { class: "who" }, ...named(report, name)), " "]);
        return reading(who, example.tokens, judged(example.found[names[0]], example.gold), kinds);
      });
      return { card: element("article", { class: "sentence" }, gold, ...rows) };
    },
  };
}

/** Returns tokens as text, without blanks between them if the script has none. */
function joined(tokens) {
  return tokens.join(gap(tokens));
}

function gap(tokens) {
  return tokens.every((token) => [...token].length === 1) ? "" : " ";
}

function inOrder(spans) {
  return [...spans].sort(([, first], [, second]) => first - second);
}

/** Returns [span, right | wrong | missed] in order. A gold span that overlaps a wrong span is left out. */
function judged(predicted, gold) {
  const same = (span) => (other) => span.every((value, index) => value === other[index]);
  const apart = ([, start, end]) => predicted.every(([, from, to]) => to <= start || end <= from);
  const verdicts = predicted.map((span) => [span, gold.some(same(span)) ? "right" : "wrong"]);
  const missed = gold.filter((span) => apart(span)).map((span) => [span, "missed"]);
  return [...verdicts, ...missed].sort(([[, first]], [[, second]]) => first - second);
}

/** Returns a line: the variants with this prediction, and the tokens with entities in colour. */
function reading(who, tokens, spans, kinds) {
  const text = element("div", { class: "tokens" });
  const between = gap(tokens);
  let next = 0;
  for (const [[type, start, end], verdict] of spans) {
    text.append(tokens.slice(next, start).join(between) + (next < start ? between : ""));
    const words = element("span", { class: "words" }, tokens.slice(start, end).join(between));
    const title = { right: null, wrong: "not in the gold annotation", missed: "missed" }[verdict];
    const style = `entity ${verdict} ${kindColour(kinds.indexOf(type))}`;
    text.append(element("mark", { class: style, title }, words, element("b", {}, type)), between);
    next = end;
  }
  text.append(tokens.slice(next).join(between));
  return element("div", { class: "reading" }, element("div", { class: "names" }, ...who), text);
}
