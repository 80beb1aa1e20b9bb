"""The style and the script of pages with tables: sorting, searching, and pages of long tables."""

STYLE = """
body { font: 16px/1.45 system-ui, "DejaVu Sans", Arial, sans-serif; margin: 1.5rem; color: #111;
  background: #fff; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.25rem; margin-top: 2rem; }
.scroll { overflow: auto; max-height: 85vh; border: 1px solid #ccc; }
table { border-collapse: collapse; font-size: 0.92rem; width: max-content; }
th { position: sticky; top: 0; background: #dce9f3; padding: 0; text-align: left; }
th button { font: inherit; font-weight: bold; background: none; border: 0; padding: 0.45rem 0.7rem;
  cursor: pointer; width: 100%; text-align: inherit; white-space: nowrap; color: inherit; }
th button:focus-visible { outline: 2px solid #0072b2; }
th[aria-sort="ascending"] button::after { content: " \\25B2"; }
th[aria-sort="descending"] button::after { content: " \\25BC"; }
td { padding: 0.35rem 0.7rem; border-top: 1px solid #e4e4e4; vertical-align: top;
  min-width: 3rem; max-width: 24rem; overflow-wrap: break-word; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
tr.marked { background: #fbe9dd; font-weight: bold; }
tbody tr:hover { background: #f1f6fa; }
nav { margin: 0.5rem 0; } nav button { font: inherit; }
input { font: inherit; padding: 0.2rem 0.4rem; } output { color: #555; margin-left: 0.6rem; }
"""

SCRIPT = """
"use strict";
const PAGE = 200;
function compare(a, b, column) {
  const x = a.orders[column], y = b.orders[column], s = a.texts[column], t = b.texts[column];
  if ((s === "") !== (t === "")) return s === "" ? Infinity : -Infinity;
  if (x !== null && y !== null) return x - y;
  return s.localeCompare(t, undefined, {numeric: true});
}
function fromElement(element) {
  const cells = Array.from(element.cells);
  return {
    element,
    texts: cells.map((cell) => cell.innerText),
    orders: cells.map((c) => c.dataset.order === undefined ? null : Number(c.dataset.order)),
  };
}
function fromData([marked, ...cells]) {
  return {
    marked,
    texts: cells.map((cell) => Array.isArray(cell) ? cell[0] : cell),
    orders: cells.map((cell) => Array.isArray(cell) ? Number(cell[1]) : null),
  };
}
function element(row, heads) {
  if (row.element) return row.element;
  row.element = document.createElement("tr");
  if (row.marked) row.element.className = "marked";
  row.texts.forEach((text, column) => {
    const cell = row.element.insertCell();
    cell.className = heads[column].className;
    text.split("\\n").forEach((line, number) => {
      if (number) cell.append(document.createElement("br"));
      cell.append(line);
    });
  });
  return row.element;
}
for (const table of document.querySelectorAll("table")) {
  const body = table.tBodies[0], heads = Array.from(table.tHead.rows[0].cells);
  const own = (tag) => document.querySelector(`${tag}[data-table=${table.id}]`);
  const data = own("script"), size = data ? PAGE : Infinity;
  const rows = data
    ? JSON.parse(data.textContent).map(fromData) : Array.from(body.rows, fromElement);
  let found = rows, first = 0;
  function show() {
    const shown = found.slice(first, first + size);
    body.replaceChildren(...shown.map((row) => element(row, heads)));
    let text = `${found.length} of ${rows.length} rows`;
    if (shown.length < found.length) text += `, here ${first + 1} to ${first + shown.length}`;
    own("output").textContent = text;
    for (const button of own("nav") ? own("nav").children : []) {
      const next = first + Number(button.dataset.step) * size;
      button.disabled = next < 0 || next >= found.length;
    }
  }
  for (const button of own("nav") ? own("nav").children : []) {
    button.addEventListener("click", () => {
      first += Number(button.dataset.step) * size;
      show();
    });
  }
  heads.forEach((head, column) => head.firstChild.addEventListener("click", () => {
    const rising = head.getAttribute("aria-sort") !== "ascending";
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", rising ? "ascending" : "descending");
    const ordered = (a, b) => {
      const way = compare(a, b, column);
      if (!Number.isFinite(way)) return way > 0 ? 1 : -1;
      return rising ? way : -way;
    };
    rows.sort(ordered);
    if (found !== rows) found.sort(ordered);
    first = 0;
    show();
  }));
  own("input").addEventListener("input", (event) => {
    const words = event.target.value.toLowerCase().split(/\\s+/).filter(Boolean);
    const fits = (row) => {
      row.search ??= row.texts.join(" ").toLowerCase();
      return words.every((word) => row.search.includes(word));
    };
    found = words.length ? rows.filter(fits) : rows;
    first = 0;
    show();
  });
  show();
}
"""
