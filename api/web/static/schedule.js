// The grid of the schedule page: puts the server's blocks into the calendar component, and tells the server of clicks.
// The component's times are made up: a quarter of an hour is a row, and the server's table says what a row is.
const QUARTER = 15 * 60 * 1000;
const DAY = 24 * 60 * 60 * 1000;

let calendar = null;
let data = null;
let holder = null;

// The component hands out dates of the browser's zone; only what their clocks show means anything.
const wall = (date) => Date.UTC(date.getFullYear(), date.getMonth(), date.getDate(), date.getHours(), date.getMinutes(), date.getSeconds());
const midnight = (date) => Math.floor(wall(date) / DAY) * DAY;
const column = (date) => (midnight(date) - Date.parse(data.date)) / DAY;
const row = (date) => Math.floor((wall(date) - midnight(date)) / QUARTER);
const hour = (date) => data.hours[column(date)]?.[row(date)];

function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

// What changes with the data; of the first so many doctors, or of all.
function options(doctors = data.resources.length) {
  const resources = data.resources.slice(0, doctors);
  const shown = new Set(resources.map((doctor) => doctor.id));
  return {
    view: data.view,
    date: data.date,
    resources,
    events: data.events.filter((event) => event.resourceIds.some((id) => shown.has(id))),
    slotMaxTime: { minutes: 15 * data.rows.length },
    columnWidth: `minmax(${data.days.length > 1 ? 7.5 : 9.5}rem, 1fr)`,
  };
}

function set(values) {
  for (const [name, value] of Object.entries(values)) calendar.setOption(name, value);
}

// What can be opened is a button; the component's own would be articles that say they are buttons.
function content({ event }) {
  const { kind, label, opens, status_words } = event.extendedProps;
  if (!opens) return { domNodes: event.title ? [element("span", event.title, kind === "available" ? { class: "handle" } : {})] : [] };
  const button = element("button", "", { type: "button", id: `opens-${event.id.replace(" ", "-")}`, class: kind === "available" ? "handle" : "hour", "aria-label": label, title: label, "data-opens": opens });
  button.append(kind === "available" ? element("span", event.title) : element("b", event.title, { dir: "auto" }));
  if (status_words) button.append(element("i", status_words));
  return { domNodes: [button] };
}

const named = (title, below) => ({ domNodes: [element("b", title), element("small", below)] });
function heading(doctor) {
  const { specialties, away, away_label } = doctor.extendedProps;
  const { domNodes } = named(doctor.title, specialties);
  return { domNodes: away ? [element("a", data.away, { class: "lost", href: away, "aria-label": away_label }), ...domNodes] : domNodes };
}

const dialog = (address, values) => htmx.ajax("GET", address, { target: "#dialog", values });

function ask(resource, period) {
  if (period && data.edits) dialog("/app/schedule/at", { hospital: holder.dataset.hospital, doctor: resource.id, start: period[0], end: period[1] });
}

// The hours from one row to another, as far as they follow each other without a gap.
function joined(info) {
  const table = data.hours[column(info.start)];
  let at = row(info.start);
  const period = table?.[at] && [...table[at]]; // none where it was drawn out over the top of the day
  const last = Math.ceil((wall(info.end) - midnight(info.start)) / QUARTER);
  while (period && ++at < last && table[at]?.[0] === period[1]) period[1] = table[at][1];
  return period;
}

function move(info) {
  const target = hour(info.event.start);
  const told = info.event.extendedProps;
  const path = `/app/appointments/${info.event.id}/move`;
  const stays = wall(info.event.start) === wall(info.oldEvent.start) && info.event.resourceIds[0] === info.oldEvent.resourceIds[0];
  if (!target || stays) return info.revert();
  moving += 1;
  const done = (event) => {
    if (event.detail.pathInfo.requestPath !== path) return;
    document.removeEventListener("htmx:afterRequest", done);
    if (event.detail.xhr.status !== 204) info.revert();
    moving -= 1;
    refresh();
  };
  document.addEventListener("htmx:afterRequest", done);
  const doctor = info.event.resourceIds[0];
  htmx.ajax("POST", path, { source: holder, target: "#dialog", values: { doctor, hospital: holder.dataset.hospital, start: target[0], version: told.version } });
}

// The hours are told beside the rows. And the component says that it is a table, whose cells would be empty: what is in
// it are buttons that tell all themselves.
function finish() {
  holder.querySelectorAll(".ec-body .ec-sidebar time").forEach((label, number) => { label.textContent = data.rows[number] ?? ""; });
  holder.firstElementChild?.removeAttribute("role");
  for (const each of holder.querySelectorAll("[role=rowgroup], [role=row], [role=cell], [role=columnheader]")) {
    for (const name of ["role", "aria-colspan", "aria-colindex"]) each.removeAttribute(name);
  }
}

function draw() {
  holder = document.getElementById("calendar");
  if (!holder || holder.childElementCount) return;
  data = JSON.parse(document.getElementById("calendar-data").textContent);
  const first = Math.ceil(innerWidth / 140) + 1; // what a screen shows comes first, then the rest
  calendar = EventCalendar.create(holder, {
    ...options(first),
    firstDay: 1,
    datesAboveResources: data.days.length > 1,
    allDaySlot: false,
    headerToolbar: { start: "", center: "", end: "" },
    height: "auto",
    slotDuration: "00:15:00",
    slotMinTime: "00:00:00",
    slotLabelInterval: 0,
    slotHeight: 44,
    eventTimeFormat: () => "", // every block tells its own time; formatting them all takes longer than drawing them
    slotLabelFormat: () => "", // see finish
    scrollTime: "00:00:00",
    dayHeaderAriaLabelFormat: (date) => data.days[column(date)] ?? "",
    dayHeaderFormat: (date) => {
      const day = data.days[column(date)] ?? "";
      if (data.resources.length > 1) return day; // the component gives a doctor who is alone no heading
      return data.days.length > 1 ? named(day, data.resources[0].title) : heading(data.resources[0]);
    },
    resourceLabelContent: ({ resource }) => heading(resource),
    eventContent: content,
    eventDidMount: ({ el, event }) => {
      if (!event.extendedProps.opens) el.setAttribute("aria-hidden", "true");
    },
    eventAllUpdated: finish,
    pointer: true,
    selectable: data.edits,
    selectMinDistance: 8,
    eventStartEditable: data.edits,
    eventDurationEditable: false,
    dateClick: (info) => ask(info.resource, hour(info.date)),
    select: (info) => { ask(info.resource, joined(info)); calendar.unselect(); },
    eventDrop: move,
  });
  requestAnimationFrame(() => {
    begin();
    const { resources, events } = options();
    // Not at once: what is on the screen can be worked with meanwhile.
    if (resources.length > first) setTimeout(() => { set({ resources, events }); finish(); }, 300);
  });
}

// A long day begins where now is, or else where its first hours are.
function begin() {
  const main = holder.querySelector(".ec-main");
  const from = [".now", ".available, .appointment"].map((kind) => [...holder.querySelectorAll(kind)].map((each) => each.getBoundingClientRect().top - main.getBoundingClientRect().top)).find((tops) => tops.length);
  if (from) main.scrollTop = Math.min(...from) - main.clientHeight / 4;
}

// What others (and we ourselves) have changed: the blocks are drawn again. Not while the pointer is down, since a click
// or a drag would be lost with the block that it began on, nor while a move has no answer yet: then, afterwards.
let pressed = false;
let moving = 0;
let asking = false;
let again = false;

async function refresh() {
  if (!document.getElementById("calendar") || document.hidden) return;
  again = true;
  if (pressed || moving || asking) return;
  again = false;
  asking = true;
  try {
    const answer = await fetch(holder.dataset.again, { headers: { Accept: "application/json", "X-Background": "1" } });
    const fresh = answer.ok ? await answer.json() : data;
    if (answer.status === 401) location.reload(); // signed out: to where one signs in
    else if (pressed || moving) again = true;
    else if (!fresh.rows) location.reload();
    else redraw(fresh);
  } catch { /* the server is away: the page says so by itself, and asks again at the next change */ } finally {
    asking = false;
    if (again) refresh();
  }
}

// Scroll and focus stay.
function redraw(fresh) {
  const buttons = () => [...holder.querySelectorAll("[data-opens]")];
  const focused = document.activeElement;
  const place = buttons().indexOf(focused);
  const main = holder.querySelector(".ec-main");
  const { scrollLeft, scrollTop } = main;
  const changed = JSON.stringify([fresh.rows, fresh.resources]) !== JSON.stringify([data.rows, data.resources]);
  data = fresh;
  set(changed ? options() : { events: data.events });
  finish();
  document.getElementById("schedule-clock").textContent = data.clock;
  requestAnimationFrame(() => {
    main.scrollTo(scrollLeft, scrollTop); // the component goes back to its top
    if (place < 0 || focused.isConnected) return;
    const found = document.getElementById(focused.id) ?? buttons()[place] ?? buttons().at(-1);
    found?.focus({ preventScroll: true });
  });
}

draw();
document.addEventListener("htmx:afterSettle", draw);
document.body.addEventListener("schedule", refresh);
document.body.addEventListener("schedule-changed", refresh);
setInterval(refresh, 60000);
document.addEventListener("visibilitychange", refresh);

document.addEventListener("pointerdown", (event) => { pressed = event.target.closest("#calendar") !== null; }, true);
for (const end of ["pointerup", "pointercancel", "contextmenu"]) {
  document.addEventListener(end, () => setTimeout(() => { // after the click that it makes
    pressed = false;
    if (again) refresh();
  }), true);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-opens]");
  if (button) dialog(button.dataset.opens);
});
// An availability's handle lies over its column, but is no hour of it.
document.addEventListener("pointerdown", (event) => event.target.closest(".handle") && event.stopPropagation(), true);

// Pickers: typing hides the names that do not match; Escape and a click elsewhere close them.
document.addEventListener("input", (event) => {
  const list = event.target.dataset.narrows && document.getElementById(event.target.dataset.narrows);
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const wanted = plain(event.target.value.trim());
  for (const each of list?.querySelectorAll("li, label") ?? []) each.hidden = !plain(each.textContent).includes(wanted);
});
for (const picker of document.querySelectorAll("details.picker")) {
  picker.addEventListener("toggle", () => picker.open && picker.querySelector("input[type=search]")?.focus());
  picker.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { picker.open = false; picker.querySelector("summary").focus(); }
  });
  document.addEventListener("click", (event) => { if (!picker.contains(event.target)) picker.open = false; });
}

// A date that is picked with the pointer is shown at once; one that is typed waits for Enter or the button.
const date = document.querySelector("[data-date]");
let typed = false;
date?.addEventListener("keydown", () => { typed = true; });
date?.addEventListener("pointerdown", () => { typed = false; });
date?.addEventListener("change", () => { if (!typed && date.value) date.form.requestSubmit(); });
