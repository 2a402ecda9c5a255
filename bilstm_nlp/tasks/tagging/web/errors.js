"use strict";

// Filters the rows by the chosen values. Without this script, all rows are shown.

const rows = [...document.querySelectorAll("#errors tbody tr")];
const selects = ["kind", "types", "knowledge"].map((name) => document.getElementById(name));
const text = document.getElementById("text");

function choose() {
  const wanted = text.value.trim().toLowerCase();
  for (const row of rows) {
    const matches = selects.every(({ id, value }) => value === "" || row.dataset[id].split("\n").includes(value));
    row.hidden = !matches || !row.querySelector(".sentence").textContent.toLowerCase().includes(wanted);
  }
  document.getElementById("count").textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length}`;
}

for (const select of selects) select.addEventListener("change", choose);
text.addEventListener("input", choose);
document.querySelector(".controls").hidden = false;
choose();
