// Narrow screens begin with the list, wide ones with the grid, unless the address says which. Loaded before anything is
// drawn, so that nobody sees the one turn into the other.
"use strict";

{
  const address = new URL(location.href);
  if (!address.searchParams.has("as") && matchMedia("(max-width: 699px)").matches) {
    document.documentElement.hidden = true;
    address.searchParams.set("as", "list");
    location.replace(address);
  }
}
