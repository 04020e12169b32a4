"use strict";
// The desk works without this file but for correcting a figure; here is what makes it quick.

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const escaped = (value) => CSS.escape(value);

// A figure and its place.
let current = null; // path of the figure under the cursor

function figure(path) {
  return $(`td.figure[data-path="${escaped(path)}"]`);
}

function clearMarks() {
  $$(".here, .long, .line, .of-line").forEach((found) => found.classList.remove("here", "long", "line", "of-line"));
  window.CSS.highlights?.delete("row");
}

function select(cell, { focus = true } = {}) {
  if (!cell) return;
  clearMarks();
  current = cell.dataset.path;
  $$('td.figure[tabindex="0"]').forEach((other) => (other.tabIndex = -1));
  cell.tabIndex = 0;
  cell.classList.add("here");
  $("#which").textContent = cell.title;
  if (focus) cell.focus({ preventScroll: true });
  nearer(cell);
  showPlace(cell.dataset.line, cell.dataset.cell);
  showRow(current);
}

let rows = {}; // where the source prints each row, once it is known

function rowRanges(path) {
  const ranges = [];
  for (const [line, start, end] of rows[path.replace(/\.[^.]*$/, "")] || []) {
    const text = $(`#lines li[data-line="${line}"] > span`)?.firstChild;
    if (!text || text.nodeType !== Node.TEXT_NODE || end > text.length) continue;
    const range = new Range();
    range.setStart(text, start);
    range.setEnd(text, end);
    ranges.push(range);
  }
  return ranges;
}

async function findRows() {
  const answer = await fetch(`/report/${$(".desk").dataset.run}/places`);
  if (!answer.ok) return;
  rows = await answer.json();
  if ($("td.figure.here")) showRow(current); // nobody went on to look at a line meanwhile
}

function showRow(path) {
  if (!window.Highlight) return;
  const ranges = rowRanges(path);
  CSS.highlights.set("row", new Highlight(...ranges));
  const inLongLine = !ranges[0]?.startContainer.parentElement.closest("li").matches(".here");
  if (!ranges.length || !inLongLine || $("#lines").hidden) return;
  const source = $("#source").getBoundingClientRect();
  const place = ranges[0].getBoundingClientRect();
  if (place.top < source.top + 60 || place.bottom > source.bottom - 20)
    $("#source").scrollTop += place.top - source.top - source.height / 3;
}

function showPlace(line, cell) {
  if (!line) return;
  const row = $(`#lines li[data-line="${line}"]`);
  if (row) {
    row.classList.add(row.textContent.length > 400 ? "long" : "here");
    if (cell !== undefined) $(`.c[data-cell="${cell}"]`, row)?.classList.add("here");
  }
  $$(`#pages rect[data-line="${line}"]`).forEach((box) => box.classList.add("line"));
  const box = cell !== undefined ? $(`#pages rect[data-line="${line}"][data-cell="${cell}"]`) : null;
  box?.classList.add("here");
  const paged = $("#pages") && !$("#pages").hidden;
  const place = paged ? box || $(`#pages rect[data-line="${line}"]`) : row;
  if (place) nearer(place);
}

function nearer(element) {
  element.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function showLine(line) {
  clearMarks();
  showPlace(line);
  const found = $$(`td.figure[data-line="${line}"]`);
  found.forEach((cell) => cell.classList.add("of-line"));
  if (found.length) {
    current = found[0].dataset.path;
    nearer(found[0]);
  }
}

// Moving.
function doubtful() {
  return $$("td.figure[data-doubt]").sort((a, b) => a.dataset.doubt - b.dataset.doubt);
}

function step(by) {
  const cells = doubtful();
  if (!cells.length) return;
  const at = cells.findIndex((cell) => cell.dataset.path === current);
  const next = at < 0 ? (by > 0 ? 0 : cells.length - 1) : (at + by + cells.length) % cells.length;
  select(cells[next]);
}

function move(key) {
  const cell = current && figure(current);
  if (!cell) return select(doubtful()[0] || $("td.figure"));
  const row = cell.closest("tr");
  if (key === "ArrowLeft" || key === "ArrowRight") {
    const cells = $$("td.figure");
    return select(cells[cells.indexOf(cell) + (key === "ArrowRight" ? 1 : -1)]);
  }
  const rows = $$("tr").filter((other) => $("td.figure", other));
  const other = rows[rows.indexOf(row) + (key === "ArrowDown" ? 1 : -1)];
  if (!other) return;
  const cells = $$("td.figure", other);
  select(cells[Math.min($$("td.figure", row).indexOf(cell), cells.length - 1)]);
}

// Correcting.
function edit(cell, typed) {
  if (!cell || !$("#bar .act") || $("input", cell)) return;
  select(cell);
  const before = [...cell.childNodes];
  const input = document.createElement("input");
  input.value = typed ?? cell.dataset.value;
  input.autocomplete = "off";
  input.inputMode = "decimal";
  input.setAttribute("aria-label", cell.title);
  cell.replaceChildren(input);
  input.focus();
  if (typed === undefined) input.select();
  let over = false;
  const close = (save) => {
    if (over) return;
    over = true;
    if (save) return correct(cell.dataset.path, input.value);
    cell.replaceChildren(...before);
    select(cell);
  };
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Enter") close(true);
    else if (event.key === "Escape") close(false);
    else if (event.key === "Tab") close(input.value !== cell.dataset.value);
    else return event.stopPropagation();
    event.preventDefault();
    event.stopPropagation();
  });
  input.addEventListener("blur", () => close(input.value !== cell.dataset.value));
}

function correct(path, value, note = "") {
  const form = $("#correct");
  $$("[name^='figure:']", form).forEach((old) => old.remove());
  const field = document.createElement("input");
  field.type = "hidden";
  field.name = `figure:${path}`;
  field.value = value;
  form.append(field);
  form.elements.note.value = note;
  return send(form);
}

// Sending a form, and showing the answer in place.
async function send(form) {
  const asking = $("#asking");
  const slow = setTimeout(() => asking && (asking.hidden = false), 300);
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
    });
    const there = new URL(answer.url);
    const decided = /^\/report\/(\d+)/.exec(there.pathname);
    if (!$(".desk") || !decided || decided[1] !== $(".desk").dataset.run) return location.assign(answer.url);
    replace(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    form.submit(); // the plain way shows what the trouble is
  } finally {
    clearTimeout(slow);
    if (asking) asking.hidden = true;
  }
}

function replace(page) {
  const scroll = $("#figures").scrollTop;
  for (const id of ["told", "sheet", "bar", "correct"]) {
    const fresh = page.getElementById(id);
    if (!fresh) return location.reload();
    document.getElementById(id).replaceWith(document.adoptNode(fresh));
  }
  $("#figures").scrollTop = scroll;
  if (current) select(figure(current));
}

// Decisions.
function openAct(key) {
  const act = $(`.act[data-act="${key}"]`);
  if (!act) return false;
  $$(".act[open]").forEach((other) => (other.open = false));
  act.open = true;
  ($("input[name=note]", act) || $("summary", act)).focus();
  return true;
}

function closeActs() {
  const open = $$(".act[open]");
  open.forEach((act) => (act.open = false));
  if (open.length && current) figure(current)?.focus({ preventScroll: true });
  return open.length > 0;
}

// The list.
function stepRow(by) {
  const rows = $$("a[data-row]");
  if (!rows.length) return;
  const at = rows.indexOf(document.activeElement);
  rows[at < 0 ? 0 : Math.min(Math.max(at + by, 0), rows.length - 1)].focus();
}

// Keys.
function toggleHelp(show = $("#keys").hidden) {
  $("#keys").hidden = !show;
  $("[data-do=help]").setAttribute("aria-expanded", String(show));
}

function toggleView() {
  const pages = $("#pages");
  if (!pages) return;
  pages.hidden = !pages.hidden;
  $("#lines").hidden = !pages.hidden;
  $("[data-do=view]").setAttribute("aria-pressed", String(!pages.hidden));
  const cell = current && figure(current);
  if (cell) select(cell);
}

function letter(event) {
  // With a Chinese input method on, the key says "Process" and the code says which one it was.
  return /^Key[A-Z]$/.test(event.code) && !event.shiftKey ? event.code[3].toLowerCase() : event.key;
}

const reportKeys = {
  n: () => step(1),
  p: () => step(-1),
  v: toggleView,
  c: () => current && correct(current, figure(current).dataset.value),
  a: () => openAct("a"),
  s: () => openAct("s"),
  r: () => openAct("r"),
  m: () => openAct("m"),
  u: () => $("form[data-key=u]")?.requestSubmit(),
  q: () => $("a[data-key=q]")?.click(),
  "[": () => $('a[data-key="["]')?.click(),
  "]": () => $('a[data-key="]"]')?.click(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const typing = event.target.closest("input, textarea, select");
  if (event.key === "Escape") {
    if ($("#keys").hidden ? closeActs() : (toggleHelp(false), true)) event.preventDefault();
    else if (typing) typing.blur();
    return;
  }
  if (typing) return;
  if (event.key === "?") return toggleHelp();
  const cell = event.target.closest("td.figure");
  if (!$(".desk")) {
    if (event.key === "/") $("input[type=search]").focus();
    else if (letter(event) === "j" || event.key === "ArrowDown") stepRow(1);
    else if (letter(event) === "k" || event.key === "ArrowUp") stepRow(-1);
    else if (letter(event) === "u") $("form[data-key=u]")?.requestSubmit();
    else return;
    return event.preventDefault();
  }
  if (event.key.startsWith("Arrow")) move(event.key);
  else if ((event.key === "Enter" || event.key === "F2") && (cell || (event.target === document.body && current)))
    edit(cell || figure(current));
  else if (/^[0-9\-]$/.test(event.key) && current && !event.target.closest("button, a, summary")) edit(figure(current), event.key);
  else if (reportKeys[letter(event)]) reportKeys[letter(event)]();
  else return;
  event.preventDefault();
});

document.addEventListener("click", (event) => {
  const target = event.target;
  const on = (selector) => target.closest(selector);
  if (on("[data-do=help]")) return toggleHelp();
  if (on("[data-do=view]")) return toggleView();
  if (on("summary[aria-disabled]") === null && on("summary")) {
    const act = on(".act");
    if (act && !act.open) {
      event.preventDefault();
      openAct(act.dataset.act);
    }
    return;
  }
  if (on("[data-take]")) return correct(on("[data-take]").dataset.take, on("[data-take]").dataset.value, on("[data-take]").dataset.note);
  if (on("[data-figure]")) return select(figure(on("[data-figure]").dataset.figure));
  if (on("td.figure input")) return;
  if (on("td.figure")) return select(on("td.figure"));
  if (on("[data-line]")) {
    const found = on("[data-line]");
    const cell = found.dataset.cell !== undefined && $(`td.figure[data-line="${found.dataset.line}"][data-cell="${found.dataset.cell}"]`);
    const inner = target.closest(".c");
    const line = found.dataset.line;
    const exact = cell || (inner && $(`td.figure[data-line="${line}"][data-cell="${inner.dataset.cell}"]`));
    if (exact) select(exact);
    else showLine(line);
  }
  if (!on(".act")) closeActs();
});

document.addEventListener("dblclick", (event) => {
  const cell = event.target.closest("td.figure");
  if (cell) edit(cell);
});

document.addEventListener("submit", (event) => {
  if (event.target.method !== "post") return;
  event.preventDefault();
  send(event.target);
});

if ($(".desk")) {
  select(doubtful()[0]);
  findRows();
} else $("a[data-row]")?.focus({ preventScroll: true });
