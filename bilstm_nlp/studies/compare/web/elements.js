"use strict";

// The parts of a page: elements, figures, and tables that can be sorted. Knows no report.
// Text is inserted as text, never as markup.

// --- elements --------------------------------------------------------------------------------------------------------

/** Returns an HTML element. Attributes that are null are left out; children are elements or texts. */
function element(name, attributes = {}, ...children) {
  return furnished(document.createElement(name), attributes, children);
}

/** Returns an SVG element. `hint` is its hover title. */
function shape(name, attributes = {}, hint = null, ...children) {
  const made = furnished(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
  if (hint !== null) made.append(shape("title", {}, null, hint));
  return made;
}

function furnished(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) if (value !== null) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// --- figures ---------------------------------------------------------------------------------------------------------

/** Writes a number, or a dash for a missing number. */
function figure(value, digits = 0) {
  if (value === null || value === undefined) return "–";
  const text = value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return /[1-9]/.test(text) ? text.replace("-", "−") : text.replace("-", "");
}

/** Returns [index, value] of every value that is not null. */
function known(values) {
  return [...values.entries()].filter(([, value]) => value !== null);
}

/** Writes a number with its sign; no sign if it is rounded to 0. */
function signed(value, digits = 0) {
  const text = figure(value, digits);
  return value > 0 && /[1-9]/.test(text) ? `+${text}` : text;
}

function counted(count, name) {
  return `${figure(count)} ${name}${count === 1 ? "" : "s"}`;
}

// --- tables ----------------------------------------------------------------------------------------------------------

/**
 * Fills a table that is sorted by a click on a column's header.
 *
 * Columns: {title, key(row), cell(row), numeric, falling, heads}. A column without a `key` does not sort. A key that is
 * null is always last. The first click on a `falling` column puts its largest on top. Cells of a column that `heads`
 * are the headers of their rows.
 */
function sortable(table, columns, rows, sorted = null) {
  const headers = columns.map((column) => {
    const header = element("th", { scope: "col", class: column.numeric ? "numeric" : null });
    if (column.key) header.append(element("button", { type: "button" }, column.title));
    else header.append(column.title);
    return header;
  });
  const lines = new Map(rows.map((row) => [row, element("tr", {}, ...columns.map((column) => cellOf(column, row)))]));
  const body = element("tbody", {}, ...lines.values());
  table.replaceChildren(element("thead", {}, element("tr", {}, ...headers)), body);

  const sortBy = (index, falling) => {
    const { key } = columns[index];
    const ordered = [...rows].sort((first, second) => compared(key(first), key(second), falling));
    body.append(...ordered.map((row) => lines.get(row)));
    headers.forEach((header, other) => {
      if (other === index) header.setAttribute("aria-sort", falling ? "descending" : "ascending");
      else header.removeAttribute("aria-sort");
    });
  };
  columns.forEach((column, index) => {
    if (!column.key) return;
    headers[index].firstChild.addEventListener("click", () => {
      const now = headers[index].getAttribute("aria-sort");
      sortBy(index, now === null ? Boolean(column.falling) : now === "ascending");
    });
  });
  if (sorted !== null) sortBy(sorted, false);
}

function cellOf(column, row) {
  const content = [column.cell(row)].flat().filter((child) => child !== null);
  const style = column.numeric ? "numeric" : null;
  return column.heads ? element("th", { scope: "row" }, ...content) : element("td", { class: style }, ...content);
}

function compared(first, second, falling) {
  if (first === null || second === null) return (first === null) - (second === null);
  const order = typeof first === "string" ? first.localeCompare(second, "en", { numeric: true }) : first - second;
  return falling ? -order : order;
}

function small(...children) {
  return element("small", {}, ...children);
}
