"use strict";

// Units on which variants disagree, and the controls that choose among them. The task's own script, or plain.js, defines
// `disagreementView(report)`, which returns an object with
//
// unit             the name of a unit: "sentence"
// note             a text above the controls
// kindLabel, kinds a label and the values of the first control, which is hidden without values
// variants(unit)   the variants that have a prediction for a unit
// text(unit)       the text that is searched
// chosen(units, {kind, first, second})   the units on which the chosen variants disagree, in order
// card(unit, {kind, first, second})      {card: an element, drawn: an optional function to call when it is on the page}

const SHOWN_AT_ONCE = 20;

function disagreements(report) {
  const section = document.querySelector("#disagreements");
  const examples = report.disagreements;
  if (!examples.length) return section.remove();
  const view = disagreementView(report);
  document.querySelector("#disagreements-note").textContent = view.note;
  document.querySelector("#kind-label").textContent = view.kindLabel;
  document.querySelector("#kind-label").parentElement.hidden = !view.kinds.length;
  const [kind, first, second, text] = ["#kind", "#first", "#second", "#text"].map((id) => section.querySelector(id));
  const names = report.variants
    .map((variant) => variant.name)
    .filter((name) => examples.some((example) => view.variants(example).includes(name)));
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
    const matches = (example) => view.text(example).toLowerCase().includes(wanted);
    const matching = view.chosen(examples, chosen).filter(matches);
    section.querySelector("#count").textContent = `${matching.length} of ${counted(examples.length, view.unit)}`;
    const cards = matching.slice(0, shown).map((example) => view.card(example, chosen));
    section.querySelector("#examples").replaceChildren(...cards.map((card) => card.card));
    for (const { drawn } of cards) if (drawn) drawn();
    const more = section.querySelector("#more");
    more.hidden = matching.length <= shown;
    more.textContent = `Show ${Math.min(SHOWN_AT_ONCE, matching.length - shown)} more`;
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

/** Returns the two chosen names, or all names if fewer than two were chosen. */
function among(names, { first, second }) {
  return first && second ? [first, second] : names;
}
