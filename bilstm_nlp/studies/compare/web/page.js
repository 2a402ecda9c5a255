"use strict";

// Fills the page from the report that is embedded in it.

function heading(report) {
  const { unit, place } = facts(report);
  const seeds = `${report.seeds.length === 1 ? "seed" : "seeds"} ${report.seeds.join(", ")}`;
  document.title = report.name;
  document.querySelector("#name").textContent = report.name;
  document.querySelector("#setting").textContent = [
    `${report.task}: ${unit} on the ${report.measure.part} part`,
    counted(place.size, "variant"),
    seeds,
    `baseline ${report.baseline}`,
  ].join(" · ");
  // One sentence for each variant, in the order of the variants.
  document.querySelector("#words").append(
    ...report.words.map((sentence, index) => {
      const { name } = report.variants[index];
      const said = sentence.startsWith(name) ? [element("strong", {}, name), sentence.slice(name.length)] : [sentence];
      return element("li", {}, badge(index), ...said);
    }),
  );
}

function method(report) {
  const { cores, jobs, threads, versions } = report.environment;
  const listed = Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(", ");
  document.querySelector("#machine").textContent = cores
    ? `${counted(cores, "core")}, ${counted(jobs, "run")} at a time with ${counted(threads, "thread")} each. ${listed}.`
    : "No run has finished.";
  document.querySelector("#command").textContent = report.command;
}

const report = JSON.parse(document.querySelector("#report").textContent);
for (const section of [heading, ranking, tradeoff, learning, training, types, disagreements, runs, method])
  section(report);
