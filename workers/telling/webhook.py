"""Every event, posted to another system and signed as the Standard Webhooks specification has it.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md. As it recommends,
whatever is not a success is tried again, be it a 404: a receiver that is being mended is likelier than one that has
judged this message. Only 410 Gone says that no other attempt is wanted.
"""

import datetime as dt
import json
from typing import Self

import httpx
from standardwebhooks import Webhook as Signer

from models.deliveries.working import Claimed
from workers.telling.failing import Failed

TIMEOUT = 10.0
"""Seconds for the connection, and for each part of the answer."""


class Webhook:
    """Posts to one address, over connections that are kept while it is open. Redirects are not followed."""

    def __init__(self, url: str, secret: str, timeout: float = TIMEOUT) -> None:
        self._url = url
        self._signer = Signer(secret)
        self._client = httpx.Client(timeout=timeout, follow_redirects=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def tell(self, claimed: Claimed, now: dt.datetime) -> Failed | None:
        """Post an event as `GET /events` shows it. None: it was taken."""
        body = _body(claimed)
        headers = {
            "content-type": "application/json",
            "user-agent": "Slotwise",
            "webhook-id": str(claimed.id),
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._signer.sign(str(claimed.id), now, body),
        }
        try:
            with self._client.stream("POST", self._url, content=body.encode(), headers=headers) as response:
                return _judged(response)
        except httpx.TimeoutException:
            return Failed("It did not answer in time.", away=True)
        except httpx.TransportError as error:
            return Failed(f"It could not be reached ({error}).", away=True)


def _body(claimed: Claimed) -> str:
    event = {
        "id": claimed.message,
        "topic": claimed.topic,
        "payload": claimed.payload,
        "created_at": claimed.created_at.astimezone(dt.UTC).isoformat(),
    }
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"))


def _judged(response: httpx.Response) -> Failed | None:
    """What the status says; the body is not read, since it may say anything at any length."""
    if response.is_success:
        return None
    reason = f"It answered {response.status_code}."
    if response.is_redirect:
        reason = f"It answered {response.status_code}, and redirects are not followed."
    asked = response.headers.get("retry-after", "")
    return Failed(
        reason,
        forever=response.status_code == httpx.codes.GONE,
        away=response.is_server_error or response.status_code == httpx.codes.TOO_MANY_REQUESTS,
        wait=float(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 10 else 0.0,
    )
