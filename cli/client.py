"""The API as commands use it: asked again while it is away, and its refusals told with their places."""

import ipaddress
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

import httpx

from cli.output import Exit, FaultLine, Stop

Json = Any  # a JSON value

Parameters = Mapping[str, str | int | Sequence[str]]
"""Parameters of a query; one that holds several values is repeated."""

_TIMEOUT = 30.0  # seconds for one answer; ten thousand requests are checked in about one
_PATIENCE = 60.0  # seconds for an API that has answered before and is away, or asks to wait
_PAUSE = 0.5  # seconds, where it does not say how long to wait

_COME_AGAIN = frozenset({429, 503})
_KEY_IN_FLIGHT = "/problems/key_in_flight"
_NO_ROOM = frozenset({"/problems/queue_full", "/problems/share_full"})
_FORBIDDEN = "/problems/forbidden"

_ANOTHER = (
    "`slotwise token add` makes one, and SLOTWISE_TOKEN hands it to a command; one for an instance on this machine is "
    "made whenever that starts."
)
_WIDER = "This was asked with an access token; `slotwise token add` makes one with other scopes."


class ApiRefused(Exception):  # noqa: N818  # a refusal, not an error
    """The API refused something that was sent; `detail` says why, and `errors` are the faults as it told them.

    `remedy`: the address to POST to next, where it names one.
    """

    def __init__(self, problem: Mapping[str, Json]) -> None:
        self.detail = str(problem.get("detail") or problem.get("title") or "refused")
        self.errors: list[Mapping[str, Json]] = problem.get("errors") or []
        self.remedy: str | None = problem.get("remedy")
        super().__init__(self.detail)

    def faults(self, where: Callable[[str], str]) -> list[FaultLine]:
        """The faults; `where` turns a path in the body (`requests/3/earliest`) into a place that people know."""
        return [
            FaultLine(where(_path(error)), error.get("value") or "", str(error.get("message"))) for error in self.errors
        ]


class NoRoom(ApiRefused):
    """The queue is full: what was to be queued is to be sent again after so many `seconds`."""

    def __init__(self, problem: Mapping[str, Json], seconds: int) -> None:
        super().__init__(problem)
        self.seconds = seconds


class Api:
    """A connection to the API, for the length of a `with` block."""

    def __init__(self, address: str, token: str | None = None) -> None:
        """`token` is shown to the API with all that it is asked; None: it takes us for nobody.

        Raises
        ------
        Stop
            where others on the way could read the token.

        """
        self.address = address
        if token and not _is_private(address):
            raise Stop(
                f"{address} is another machine, and what is sent there is not encrypted: whoever is on the way could "
                "read the access token. Use its https:// address.",
                Exit.UNREACHABLE,
            )
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = httpx.Client(base_url=address, headers=headers, timeout=_TIMEOUT, trust_env=False)
        self._has_token = token is not None
        self._has_answered = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def get(self, path: str, params: Parameters | None = None, wait: int = 0) -> Json:
        """What is at a path. `wait`: the seconds for which the answer may be held back until something changes."""
        headers = {"Prefer": f"wait={wait}"} if wait else {}
        return self._send("GET", path, params=params, headers=headers).json()

    def items(self, path: str, params: Parameters | None = None) -> Iterator[Json]:
        """The items of a list, all of its pages."""
        asked = {"limit": 1000, **(params or {})}
        while True:
            page = self.get(path, asked)
            yield from page["items"]
            if page["next_cursor"] is None:
                return
            asked["cursor"] = page["next_cursor"]

    def post(self, path: str, body: Json, key: str, *, seen: int | None = None) -> Json:
        """Send something once: with the same key and body it is the same thing, however often it is sent.

        `seen`: the version that it is meant for, if it is refused for any other.

        Raises
        ------
        ApiRefused
            among them `NoRoom`, which may last for longer than anybody waits without being told.

        """
        headers = {"Idempotency-Key": key} | ({} if seen is None else {"If-Match": f'"{seen}"'})
        return self._send("POST", path, json=body, headers=headers).json()

    def post_file(self, path: str, content: bytes, params: Parameters, key: str) -> Json:
        """Send a CSV file once."""
        headers = {"Idempotency-Key": key, "Content-Type": "text/csv"}
        return self._send("POST", path, content=content, params=params, headers=headers).json()

    def file(self, path: str) -> bytes:
        """The file that is at a path."""
        return self._send("GET", path).content

    def _send(self, method: str, path: str, **rest: Any) -> httpx.Response:  # Any: httpx's own arguments
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                response = self._client.request(method, path, **rest)
            except httpx.TransportError as error:
                if not self._has_answered or time.monotonic() > deadline:
                    raise Stop(f"The API at {self.address} does not answer: {error}", Exit.UNREACHABLE) from error
                time.sleep(_PAUSE)
                continue
            self._has_answered = True
            if (problem := _problem(response)).get("type") in _NO_ROOM:
                raise NoRoom(problem, int(response.headers.get("Retry-After", "5")))
            if not _asks_to_wait(response) or time.monotonic() > deadline:
                return self._accepted(response)
            time.sleep(float(response.headers.get("Retry-After", _PAUSE)))

    def _accepted(self, response: httpx.Response) -> httpx.Response:
        if response.is_success:
            return response
        problem = _problem(response)
        if response.is_server_error:
            told = problem.get("detail") or response.reason_phrase
            raise Stop(f"The API at {response.url} cannot answer ({response.status_code}): {told}", Exit.UNREACHABLE)
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            raise Stop(self._who_are_you, Exit.UNREACHABLE)
        if problem.get("type") == _FORBIDDEN:
            problem = {**problem, "detail": f"{problem['detail']} {_WIDER}"}
        raise ApiRefused(problem or {"detail": f"{response.status_code} {response.reason_phrase}"})

    @property
    def _who_are_you(self) -> str:
        if not self._has_token:
            return f"The API at {self.address} wants an access token. {_ANOTHER}"
        return f"The API at {self.address} does not know this access token: it was revoked, or has expired. {_ANOTHER}"


def _is_private(address: str) -> bool:
    """Whether nobody else reads what is sent to an address: it is encrypted, or stays on this machine."""
    url = httpx.URL(address)
    if url.scheme == "https" or url.host == "localhost":
        return True
    try:
        return ipaddress.ip_address(url.host).is_loopback
    except ValueError:
        return False


def _asks_to_wait(response: httpx.Response) -> bool:
    return response.status_code in _COME_AGAIN or _problem(response).get("type") == _KEY_IN_FLIGHT


def _problem(response: httpx.Response) -> Mapping[str, Json]:
    if response.headers.get("Content-Type", "").startswith("application/problem+json"):
        found: Mapping[str, Json] = response.json()
        return found
    return {}


def _path(error: Mapping[str, Json]) -> str:
    return str(error.get("pointer") or error.get("parameter") or "").removeprefix("#/")
