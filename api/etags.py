"""`ETag` and `If-Match`: whoever changes something says which version they saw (RFC 9110, section 13.1.1)."""

import re
from typing import Annotated

from fastapi import Depends, Header, Response

from api.problems import QueryRefused
from models.faults import Fault, Refusal

_ETAG = re.compile(r'(?:W/)?"([\x21\x23-\x7e]*)"')
_NO_VERSION = 0


def tag(response: Response, version: int) -> None:
    """Give an answer the `ETag` of a version."""
    response.headers["ETag"] = etag(version)


def etag(version: int) -> str:
    """The `ETag` of a version."""
    return f'"{version}"'


async def _seen(
    if_match: Annotated[
        str | None,
        Header(description="The `ETag` of what you saw: refused with 412 if it has changed since", examples=['"3"']),
    ] = None,
) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    match = _ETAG.fullmatch(if_match.strip())
    if match is None:
        message = 'If-Match is not one ETag; send it as the ETag header of an answer had it, like "3", or leave it out.'
        raise QueryRefused(Refusal.INVALID, [Fault("unreadable_etag", "If-Match", if_match, message)])
    digits = match.group(1)
    return int(digits) if digits.isdecimal() and digits.isascii() and len(digits) < 10 else _NO_VERSION


SeenVersion = Annotated[int | None, Depends(_seen)]
"""The version in `If-Match`; None where the caller takes any."""
