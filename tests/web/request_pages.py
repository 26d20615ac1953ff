"""The pages of booking requests as their tests read them, and requests to read about."""

import datetime as dt
from html.parser import HTMLParser

import httpx

from models.booking import RequestStatus
from tests.api.town import MONDAY, Town, at, decide

FRAGMENT = {"HX-Request": "true"}


class Page(HTMLParser):
    """A page as a reader meets it: its words, its links, and what its forms would send."""

    def __init__(self, answer: httpx.Response, status: int = 200) -> None:
        super().__init__()
        assert answer.status_code == status, answer.text
        self.links: dict[str, str] = {}
        self.words: list[str] = []
        self.sent: dict[str, list[str]] = {}
        self.buttons: list[dict[str, str | None]] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._link: tuple[str, list[str]] | None = None
        self._select = ""
        self.feed(answer.text.replace("\u2013", "-"))
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attributes):
        own = dict(attributes)
        self.tags.append((tag, own))
        if tag == "a" and "href" in own:
            self._link = (own["href"], [])
        elif tag == "button":
            self.buttons.append(own)
        elif tag == "select":
            self._select = own.get("name", "")
        elif tag == "option" and "selected" in own and self._select:
            self.sent.setdefault(self._select, []).append(own.get("value", ""))
        elif tag == "input" and "name" in own and ("checked" in own or own.get("type") not in ("radio", "checkbox")):
            self.sent.setdefault(own["name"], []).append(own.get("value") or "")

    def handle_endtag(self, tag):
        if tag == "a" and self._link:
            self.links[" ".join("".join(self._link[1]).split())] = self._link[0]
            self._link = None

    def handle_data(self, data):
        self.words.append(data)
        if self._link:
            self._link[1].append(data)

    def triggers(self, id_: str) -> str:
        """When a part of the page asks again."""
        return next(own["hx-trigger"] for _, own in self.tags if own.get("id") == id_)


def queue(town: Town, **more) -> str:
    return town.post("/booking-requests", **town.wish(**more))["id"]


def in_conflict(town: Town, session, kind: str = "hours_taken", facts=None, alternatives=(), **wish) -> str:
    """A request that a planner has refused."""
    id_ = queue(town, **wish)
    conflict = {"kind": kind, "message": "It cannot be.", "facts": facts or {"appointments": []}, "certificate": {}}
    with session() as opened:
        decide(opened, id_, RequestStatus.CONFLICT, conflict | {"alternatives": list(alternatives)})
    return id_


def an_alternative(town: Town, start: str = "10:00", doctor: str = "d2") -> dict:
    doctors = {each["external_id"]: each["id"] for each in town.get("/doctors")["items"]}
    place = town.get("/hospitals/central")["id"]
    return {"doctor": doctors[doctor], "hospital": place, "start": at(start), "gives_up": ["the doctor"]}


def local(time: str, day: dt.date = MONDAY) -> str:
    """A local time as `<input type="datetime-local">` sends it."""
    return f"{day.isoformat()}T{time}"
