"use strict";

// Filters the rows by the chosen values, shows them page by page, copies places and saves the rows as CSV. Without this
// script, all rows are shown.

const SHOWN_AT_ONCE = 100;

const table = document.getElementById("errors");
const rows = [...table.querySelectorAll("tbody tr")];
const selects = ["kind", "types", "knowledge"].map((name) => document.getElementById(name));
const text = document.getElementById("text");
const more = document.getElementById("more");
let matching = rows;
let shown = SHOWN_AT_ONCE;

function show() {
  const visible = new Set(matching.slice(0, shown));
  for (const row of rows) row.hidden = !visible.has(row);
  more.hidden = matching.length <= shown;
  more.textContent = `Show ${Math.min(SHOWN_AT_ONCE, matching.length - shown)} more of ${matching.length}`;
  document.getElementById("count").textContent = `${matching.length} of ${rows.length}`;
}

function choose() {
  const wanted = text.value.trim().toLowerCase();
  matching = rows.filter(
    (row) =>
      selects.every(({ id, value }) => value === "" || row.dataset[id].split("\n").includes(value)) &&
      row.querySelector(".sentence").textContent.toLowerCase().includes(wanted),
  );
  shown = SHOWN_AT_ONCE;
  show();
}

/** Returns a cell of CSV. An apostrophe keeps a spreadsheet from carrying it out as a formula. */
function cell(value) {
  const harmless = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return `"${harmless.replaceAll('"', '""')}"`;
}

function save() {
  const lines = [table.querySelector("thead tr"), ...matching].map((row) =>
    [...row.cells].map((value) => cell(value.textContent.trim().replace(/\s+/g, " "))).join(","),
  );
  const url = URL.createObjectURL(new Blob([`${lines.join("\r\n")}\r\n`], { type: "text/csv" }));
  const link = document.createElement("a");
  link.setAttribute("href", url);
  link.setAttribute("download", "errors.csv");
  link.click();
  URL.revokeObjectURL(url);
}

for (const select of selects) select.addEventListener("change", choose);
text.addEventListener("input", choose);
document.getElementById("save").addEventListener("click", save);
more.addEventListener("click", () => {
  shown += SHOWN_AT_ONCE;
  show();
});
window.addEventListener("beforeprint", () => {
  shown = Infinity;
  show();
});
if (navigator.clipboard) {
  for (const button of table.querySelectorAll(".copy")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(`${table.dataset.source}:${button.parentElement.textContent}`);
      button.classList.add("done");
    });
  }
}
document.querySelector(".controls").hidden = false;
choose();
