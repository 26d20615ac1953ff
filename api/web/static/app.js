// What every page does beyond its forms and links: the one dialog, short messages, and news from the server.
"use strict";

const box = document.getElementById("dialog-box");
const content = document.getElementById("dialog");
const toasts = document.getElementById("toasts");

// The bar of pages is wider than a phone: begin where its reader is.
document.querySelector(".bar nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

// The dialog opens around whatever is put into it, and is empty once closed. The focus goes back by itself, unless what
// had it is drawn anew meanwhile: then whatever has its id is given it.
let opener = null;
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target === content && content.childElementCount && !box.open) {
    opener = document.activeElement;
    box.showModal();
    content.querySelector("[autofocus]")?.focus();
  }
});
document.addEventListener("close-dialog", () => box.close());
box.addEventListener("close", () => {
  content.replaceChildren();
  if (opener && !opener.isConnected) (document.getElementById(opener.id) ?? document.getElementById("main")).focus();
});
box.addEventListener("click", (event) => {
  if (event.target === box || event.target.closest("[data-close-dialog]")) box.close();
});

// A sentence that goes away by itself, after long enough to be read.
function toast(sentence) {
  if ([...toasts.children].some((each) => each.firstChild.textContent === sentence)) return; // it is still being read
  const shown = document.createElement("div");
  const words = document.createElement("p");
  const close = document.createElement("button");
  words.textContent = sentence;
  close.className = "quiet";
  close.textContent = "✕";
  close.setAttribute("aria-label", toasts.dataset.close);
  close.addEventListener("click", () => shown.remove());
  shown.append(words, close);
  (box.open ? box : document.body).append(toasts); // what is behind an open dialog cannot be seen or heard
  toasts.append(shown);
  setTimeout(() => shown.remove(), 4000 + 60 * sentence.length);
}
box.addEventListener("close", () => document.body.append(toasts));
document.addEventListener("toast", (event) => toast(event.detail.value));
document.addEventListener("htmx:sendError", () => toast(toasts.dataset.away));

// Enter in a field means the button that the form names, not the first one there is; in a search it means the search.
document.addEventListener("keydown", (event) => {
  const { target } = event;
  if (event.key !== "Enter" || !target.matches?.("form[data-enter] input:not([type=search])")) return;
  event.preventDefault();
  target.form.requestSubmit(document.getElementById(target.form.dataset.enter));
});

// Selects that are a form's only question send it when they change; elements that print do so when clicked.
document.addEventListener("change", (event) => event.target.closest("[data-submit]")?.form.requestSubmit());
document.addEventListener("click", (event) => event.target.closest("[data-print]") && window.print());

// What a page asks by itself, without anybody doing anything, keeps nobody signed in who has left.
document.addEventListener("htmx:configRequest", ({ detail }) => {
  const { triggeringEvent: event, elt, headers } = detail;
  if (event ? !event.isTrusted : elt.matches("[hx-trigger*='every ']")) headers["X-Background"] = "1";
});
// While the server or its database is away, it leaves the page as it was, and goes on asking.
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (!detail.requestConfig.headers["X-Background"]) return;
  const away = detail.xhr.status >= 500;
  if (away) detail.shouldSwap = false;
  document.getElementById("away")?.toggleAttribute("hidden", !away);
});
const signedIn = async () => {
  const answer = await fetch("/app/signed-in", { headers: { "X-Background": "1" } });
  if (answer.status === 401) location.reload();
};

// News: the events "schedule", "requests", "reschedules" and "validation" on the body. A page that nobody looks at lets
// its connection go (a browser has few per server) and goes on from where it was when it is looked at again.
const stream = document.body.dataset.live;
if (stream) {
  const address = new URL(stream, location.href);
  const status = document.getElementById("live");
  let source = null;

  // At most once a second, and not while a part of the page reads itself again: what it then hears is lost, since it is
  // replaced. What comes too soon is told afterwards.
  const news = new Set();
  let resting = false;
  const tell = () => {
    if (!news.size || resting || document.querySelector("[hx-trigger*='from:body'].htmx-request")) return;
    const told = [...news];
    news.clear();
    resting = true;
    setTimeout(() => { resting = false; tell(); }, 1000);
    for (const kind of told) document.body.dispatchEvent(new CustomEvent(kind));
  };
  document.addEventListener("htmx:afterRequest", tell);

  const listen = () => {
    source = new EventSource(address);
    source.onopen = () => { status.hidden = true; };
    source.onerror = () => {
      status.textContent = status.dataset.away;
      status.hidden = false;
      if (source.readyState === EventSource.CLOSED) setTimeout(() => document.hidden || signedIn().then(listen, listen), 3000);
    };
    source.addEventListener("signed-out", () => location.reload()); // which leads to where one signs in, and back
    for (const kind of ["schedule", "requests", "reschedules", "validation"]) {
      source.addEventListener(kind, (event) => {
        address.searchParams.set("since", event.lastEventId);
        news.add(kind);
        tell();
      });
    }
  };
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) source?.close();
    else if (source?.readyState !== EventSource.OPEN) listen();
  });
  listen();
}
