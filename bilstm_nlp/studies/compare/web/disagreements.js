"use strict";

// Sentences or windows on which variants disagree, and what chooses among them.

const SHOWN_AT_ONCE = 20;

function disagreements(report) {
  const section = document.querySelector("#disagreements");
  const examples = report.disagreements;
  if (!examples.length) return section.remove();
  const view = "tokens" in examples[0] ? sentences(report) : windows(report);
  document.querySelector("#disagreements-note").textContent = view.note;
  document.querySelector("#kind-label").textContent = view.kindLabel;
  const [kind, first, second, text] = ["#kind", "#first", "#second", "#text"].map((one) => section.querySelector(one));
  const names = report.variants
    .map((one) => one.name)
    .filter((name) => examples.some((one) => view.variants(one).includes(name)));
  kind.append(new Option("all", ""), ...view.kinds.map((name) => new Option(name, name)));
  first.append(new Option("all", ""), ...names.map((name) => new Option(name, name)));
  second.append(new Option("any", ""), ...names.map((name) => new Option(name, name)));

  let shown = SHOWN_AT_ONCE;
  const draw = () => {
    for (const option of second.options) option.disabled = option.value !== "" && option.value === first.value;
    if (second.value === first.value) second.value = "";
    second.disabled = first.value === "";
    const chosen = { kind: kind.value, first: first.value, second: first.value && second.value };
    const wanted = text.value.trim().toLowerCase();
    const found = view.chosen(examples, chosen).filter((one) => view.text(one).toLowerCase().includes(wanted));
    section.querySelector("#count").textContent = `${found.length} of ${counted(examples.length, view.unit)}`;
    const cards = found.slice(0, shown).map((one) => view.card(one, chosen));
    section.querySelector("#examples").replaceChildren(...cards.map((card) => card.card));
    for (const { drawn } of cards) if (drawn) drawn();
    const more = section.querySelector("#more");
    more.hidden = found.length <= shown;
    more.textContent = `Show ${Math.min(SHOWN_AT_ONCE, found.length - shown)} more`;
  };
  const anew = () => {
    shown = SHOWN_AT_ONCE;
    draw();
  };
  for (const select of [kind, first, second]) select.addEventListener("change", anew);
  text.addEventListener("input", anew);
  section.querySelector("#more").addEventListener("click", () => {
    shown += SHOWN_AT_ONCE;
    draw();
  });
  return draw();
}

/** Of `names`, those that were chosen; all if none was. */
function among(names, { first, second }) {
  return first && second ? [first, second] : names;
}

// --- sentences -------------------------------------------------------------------------------------------------------

function sentences(report) {
  const order = facts(report).place;
  const variants = (one) => Object.keys(one.found).sort((first, second) => order.get(first) - order.get(second));
  const spans = report.disagreements.flatMap((one) => [one.gold, ...Object.values(one.found)].flat());
  const kinds = [...new Set(spans.map(([type]) => type))].sort();
  const told = (found, kind) => JSON.stringify(inOrder(found.filter(([type]) => !kind || type === kind)));
  const disagree = (one, chosen) => {
    const told_by = (name) => told(one.found[name] ?? [], chosen.kind);
    const others = among(variants(one), chosen).map(told_by);
    return chosen.first ? others.some((other) => other !== told_by(chosen.first)) : new Set(others).size > 1;
  };
  return {
    unit: "sentence",
    kindLabel: "Type",
    kinds,
    note:
      "What each variant found with one of the seeds, the most disputed sentences first; variants that found the " +
      "same share a line. Filled: as in the gold annotation. Framed: found, but not in the gold annotation. " +
      "Dashed: missed.",
    variants,
    text: (one) => joined(one.tokens),
    chosen: (examples, chosen) => examples.filter((one) => disagree(one, chosen)),
    card: (one, chosen) => {
      const groups = new Map();
      for (const name of among(variants(one), chosen)) {
        const answer = told(one.found[name]);
        groups.set(answer, [...(groups.get(answer) ?? []), name]);
      }
      const gold = reading(
        [element("b", {}, "gold")],
        one.tokens,
        one.gold.map((span) => [span, "right"]),
        kinds,
      );
      const rows = [...groups].map(([, names]) => {
        const who = names.flatMap((name) => [element("span", { class: "who" }, ...named(report, name)), " "]);
        return reading(who, one.tokens, judged(one.found[names[0]], one.gold), kinds);
      });
      return { card: element("article", { class: "sentence" }, gold, ...rows) };
    },
  };
}

/** Tokens as text; those of scripts without blanks stand close. */
function joined(tokens) {
  return tokens.join(gap(tokens));
}

function gap(tokens) {
  return tokens.every((token) => [...token].length === 1) ? "" : " ";
}

function inOrder(spans) {
  return [...spans].sort(([, first], [, second]) => first - second);
}

/** [span, right | wrong | missed] in order; a gold span that a wrong one overlaps is not listed as well. */
function judged(found, gold) {
  const same = (one) => (other) => one.every((value, index) => value === other[index]);
  const apart = ([, start, end]) => found.every(([, from, to]) => to <= start || end <= from);
  const told = found.map((span) => [span, gold.some(same(span)) ? "right" : "wrong"]);
  const missed = gold.filter((span) => apart(span)).map((span) => [span, "missed"]);
  return [...told, ...missed].sort(([[, first]], [[, second]]) => first - second);
}

/** A line: who reads it so, and the tokens with entities in colour. */
function reading(who, tokens, spans, kinds) {
  const text = element("div", { class: "tokens" });
  const between = gap(tokens);
  let next = 0;
  for (const [[type, start, end], verdict] of spans) {
    text.append(tokens.slice(next, start).join(between) + (next < start ? between : ""));
    const words = element("span", { class: "words" }, tokens.slice(start, end).join(between));
    const title = { right: null, wrong: "not in the gold annotation", missed: "missed" }[verdict];
    const style = `entity ${verdict} ${colour(kinds.indexOf(type))}`;
    text.append(element("mark", { class: style, title }, words, element("b", {}, type)), between);
    next = end;
  }
  text.append(tokens.slice(next).join(between));
  return element("div", { class: "reading" }, element("div", { class: "names" }, ...who), text);
}

// --- windows ---------------------------------------------------------------------------------------------------------

function windows(report) {
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
