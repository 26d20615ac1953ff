// Copies an address, and keeps the keyboard's place in the list.
"use strict";

// Browsers let a page into the clipboard only where the connection is safe; elsewhere the address is marked, to be
// copied by hand.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const field = document.getElementById(button.dataset.copy);
  const status = document.getElementById("copied");
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    status.textContent = button.dataset.copied;
  } catch {
    status.textContent = document.execCommand("copy") ? button.dataset.copied : button.dataset.byHand;
  }
});

// The button that revoked an address goes with it: whoever pressed it goes on at the list, not at the page's beginning.
document.addEventListener("htmx:afterSettle", () => {
  if (document.activeElement === document.body) document.getElementById("calendars")?.focus({ preventScroll: true });
});
