"""Whose an address is, for counting: of the newer kind everybody has 2^64."""

import ipaddress

NOWHERE = "unknown"
"""The network of who comes from no address that is known."""


def network_of(address: str | None) -> str:
    """What an address counts as: itself, or the /64 that it is in."""
    try:
        known = ipaddress.ip_address(address or "")
    except ValueError:
        return NOWHERE
    return str(ipaddress.ip_network((known, 64), strict=False)) if known.version == 6 else str(known)
