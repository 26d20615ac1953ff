"""How a request came here: encrypted or not, from this machine or another, and whether its body comes in time."""

import asyncio
import ipaddress

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope

from api import problems


def is_encrypted(scope: Scope) -> bool:
    """Whether it came encrypted: to us, or to a proxy that is believed (`TRUSTED_PROXIES`)."""
    return bool(scope.get("scheme") == "https")


def is_from_here(scope: Scope) -> bool:
    """Whether it came from this very machine: from a loopback address, the server's own, or a Unix socket."""
    client, server = scope.get("client"), scope.get("server")
    if client is None or (server is not None and client[0] == server[0]):
        return True
    try:
        address = ipaddress.ip_address(client[0])
    except ValueError:  # what a proxy said was no address
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


class Body:
    """The body of one request as it is received: refused where it is too long, or does not come in time."""

    def __init__(self, receive: Receive, *, longest: int, seconds: float) -> None:
        self._receive = receive
        self._longest = longest
        self._seconds = seconds
        self._deadline: float | None = None
        self._length = 0
        self._whole = False

    @property
    def too_long(self) -> str:
        """What whoever sends too much is told."""
        return f"The body is longer than {self._longest} bytes; send less at once."

    async def receive(self) -> Message:
        """The next part; once the body is whole, word that its sender has gone, for which no time is set.

        Raises
        ------
        HTTPException
            `body_too_large` or `too_slow`.

        """
        if self._whole:
            return await self._receive()
        now = asyncio.get_running_loop().time()
        self._deadline = self._deadline or now + self._seconds
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError as error:
            status = problems.PROTOCOL_STATUS["too_slow"]
            raise HTTPException(status, headers={"Connection": "close"}) from error
        self._length += len(message.get("body", b""))
        if self._length > self._longest:
            raise HTTPException(problems.PROTOCOL_STATUS["body_too_large"], self.too_long)
        self._whole = not message.get("more_body", False)
        return message
