"""HTTP as the API reads it: by uvicorn's C parser, which sets no bounds to a request's head, within bounds."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class BoundedHttp(HttpToolsProtocol):
    """A connection that ends where a head is too long or does not come in time; `transport.Body` bounds the bodies.

    The head is what stands before the body: the first line and the headers. A head's time is also all that is given to
    whoever connects and sends nothing, and to the rest of a body that was answered before it was read.
    """

    longest = 16 * 1024
    """In bytes, as uvicorn's other parser, h11, has it."""

    seconds = 20.0

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._late: asyncio.TimerHandle | None = None
        self._in_head = self._in_body = False
        self._unfinished = 0
        """How much has come, in bytes, of a head whose end has not."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._has_come()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        is_of_a_body = self._in_body
        super().data_received(data)
        is_answering = self.cycle is not None and not self.cycle.response_complete  # type: ignore[redundant-expr]
        if self.transport.is_closing() or (is_answering and not self._in_head):
            return
        self._await_head()
        if not is_of_a_body:
            self._unfinished += len(data)
            if self._unfinished > self.longest:
                self.send_400_response(self._too_long)

    def on_message_begin(self) -> None:
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head, self._in_body = False, True
        self._has_come()
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > self.longest:
            raise ValueError(self._too_long)  # uvicorn answers 400 to what its parser was told not to take
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_body = False
        super().on_message_complete()

    @property
    def _too_long(self) -> str:
        return f"The address and headers of the request are longer than {self.longest} bytes; send fewer."

    def _await_head(self) -> None:
        if self._late is None:
            self._late = self.loop.call_later(self.seconds, self.transport.close)

    def _has_come(self) -> None:
        self._unfinished = 0
        if self._late is not None:
            self._late.cancel()
            self._late = None
