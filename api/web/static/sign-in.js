// A one-time sign-in comes as an address with what to type behind its #, which no server is sent. It is filled in, and
// taken out of the address; signing in is left to whoever reads the page.
"use strict";

const typed = new URLSearchParams(location.hash.slice(1));
if (typed.has("code")) {
  document.getElementById("name").value = typed.get("name") ?? "";
  document.getElementById("password").value = typed.get("code");
  document.getElementById("sign-in").focus();
  history.replaceState(null, "", location.pathname + location.search);
}
