"""One client of the load: what it does, one deed after the other, and what it remembers of what it has done."""

import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from threading import Event, Thread
from typing import Any

from tests.chaos.caller import Caller
from tests.chaos.history import Operation
from tests.chaos.world import ENDS, HOUR, OPENS, SPECIALTIES, STARTS, ZONES, Shift, World

DEEDS = {
    "queue": 20,
    "queue_at_once": 4,
    "queue_batch": 2,
    "repeat": 8,
    "misuse_key": 1,
    "book": 14,
    "poll": 20,
    "cancel_request": 4,
    "replace_request": 2,
    "move_by_request": 3,
    "cancel_appointment": 5,
    "move": 7,
    "add_availability": 3,
    "change_availability": 4,
    "withdraw_availability": 2,
    "reschedule": 2,
    "edit_patient": 2,
    "edit_user": 1,
}
"""What clients do, and how often in a hundred or so."""


@dataclass
class Shared:
    """What clients of one load have in common."""

    world: World
    seed: int
    hours: list[tuple[Shift, int]]  # which all clients want in this order
    deeds: dict[str, int] = field(default_factory=lambda: DEEDS)
    stopping: Event = field(default_factory=Event)


class Client:
    """Remembers its own requests, appointments and availabilities; nobody else changes those, but reschedules do."""

    def __init__(self, caller: Caller, twin: Caller, shared: Shared, pause: float) -> None:
        self._caller, self._twin, self._shared, self._pause = caller, twin, shared, pause
        self._random: Random = caller.random
        self._numbers = itertools.count()
        self._wanted = itertools.cycle(shared.hours)
        self._asked: deque[Operation] = deque(maxlen=50)  # with a key, and answered
        self._undecided: deque[str] = deque(maxlen=200)
        self._appointments: deque[dict[str, Any]] = deque(maxlen=100)
        self._availabilities: deque[dict[str, Any]] = deque(maxlen=20)

    def run(self) -> None:
        """Do one deed after the other until the load ends."""
        deeds: list[Callable[[], None]] = [getattr(self, name) for name in self._shared.deeds]
        while not self._shared.stopping.is_set():
            (deed,) = self._random.choices(deeds, list(self._shared.deeds.values()))
            try:
                deed()
            except Exception as error:  # noqa: BLE001  # an answer that it does not understand: the checker is told
                self._caller.puzzled(deed.__name__, error)
            self._shared.stopping.wait(self._random.expovariate(1 / self._pause))

    # Booking requests

    def queue(self) -> None:
        patient = self._new_patient()
        if patient:
            self._queued(*self._post("queue", "/booking-requests", self._wish(patient), patient=patient))

    def queue_at_once(self) -> None:
        """The same, sent twice at the same moment under one key."""
        patient = self._new_patient()
        if not patient:
            return
        operation = self._caller.begin("queue", "POST", "/booking-requests", self._wish(patient), {"patient": patient})
        other = Thread(target=self._twin.again, args=(operation,))
        other.start()
        answer = self._caller.again(operation)
        other.join()
        self._queued(operation, answer)

    def queue_batch(self) -> None:
        size = int(10 * 30 ** (self._random.random() ** 3))  # 10 to 300, small ones mostly
        people = self._random.choices(self._shared.world.patients, k=size)
        body = {"label": self._name("batch"), "requests": [self._wish(each) for each in people]}
        self._post("batch", "/booking-batches", body)

    def repeat(self) -> None:
        """Something done long ago once more, under its key."""
        if self._asked:
            self._caller.again(self._random.choice(self._asked))

    def misuse_key(self) -> None:
        """Another body under a key that was used; it must not be done."""
        done = [each for each in self._asked if each.kind == "queue" and each.is_done]
        if done:
            old = self._random.choice(done)
            other = {**old.body, "priority": "soon" if old.body["priority"] == "urgent" else "urgent"}
            self._caller.ask("misuse", "POST", old.path, other, about={"of": old.number}, key=old.key)

    def poll(self) -> None:
        if not self._undecided:
            return
        request = self._undecided.popleft()
        path = f"/booking-requests/{request}"
        _, told = self._caller.ask("poll", "GET", path, Prefer=f"wait={self._random.choice((0, 1, 2))}")
        if told is None or "status" not in told or told["status"] in ("queued", "planning"):
            self._undecided.append(request)
        elif told["status"] == "booked":
            self._appointments.append(told["appointment"])
        elif told["status"] == "conflict" and told["conflict"]["alternatives"]:
            hour = self._random.choice(told["conflict"]["alternatives"][:3])
            wanted = {"doctor": hour["doctor"]["id"], "hospital": hour["hospital"]["id"], "start": hour["start"]}
            self._post("accept", f"{path}/accept", wanted, request=request)

    def cancel_request(self) -> None:
        if self._undecided:
            request = self._undecided.pop()
            self._caller.ask("cancel_request", "DELETE", f"/booking-requests/{request}", about={"request": request})
            self._undecided.append(request)

    def replace_request(self) -> None:
        if self._undecided:
            request = self._undecided.pop()
            wider = {"latest": self._shared.world.shifts[-1].at(ENDS)}
            self._queued(*self._post("replace", f"/booking-requests/{request}/replace", wider, request=request))

    def move_by_request(self) -> None:
        if self._appointments:
            booked = self._random.choice(self._appointments)
            body = self._wish(booked["patient"]["id"]) | {"moves": booked["id"]}
            self._queued(*self._post("queue", "/booking-requests", body, moves=booked["id"]))

    # Appointments

    def book(self) -> None:
        patient = self._new_patient()
        if not patient:
            return
        contested = self._random.random() < 0.4
        shift, hour = next(self._wanted) if contested else self._random.choice(self._shared.hours)
        body = {"patient": patient, "doctor": shift.doctor, "hospital": shift.hospital, "start": shift.at(hour)}
        operation, answer = self._post("book", "/appointments", body, patient=patient)
        if operation.is_done:
            self._appointments.append(answer)

    def cancel_appointment(self) -> None:
        if self._appointments:
            booked = self._appointments.popleft()
            self._post("change", f"/appointments/{booked['id']}/cancel", appointment=booked["id"])

    def move(self) -> None:
        if not self._appointments:
            return
        place = self._random.randrange(len(self._appointments))
        booked = self._appointments[place]
        shift, hour = next(self._wanted) if self._random.random() < 0.3 else self._hour_of(booked)
        body = {"doctor": shift.doctor, "hospital": shift.hospital, "start": shift.at(hour)}
        seen = {"If_Match": f'"{booked["version"]}"'} if self._random.random() < 0.5 else {}
        operation, answer = self._post(
            "change", f"/appointments/{booked['id']}/move", body, headers=seen, appointment=booked["id"]
        )
        if operation.is_done:
            self._appointments[place] = answer
        elif answer and answer.get("status") == 412:
            _, now = self._caller.ask("read", "GET", f"/appointments/{booked['id']}")
            self._appointments[place] = now if now and "version" in now else booked

    # Availabilities: in the hour before the shifts, so that they touch them and serve as well

    def add_availability(self) -> None:
        shift = self._random.choice(self._shared.world.shifts)
        opens = self._random.randrange(OPENS, STARTS)
        body = {"doctor": shift.doctor, "hospital": shift.hospital, "start": shift.at(opens), "end": shift.at(STARTS)}
        operation, answer = self._post("add_availability", "/availabilities", body)
        if operation.is_done:
            self._availabilities.append(answer)

    def change_availability(self) -> None:
        if not self._availabilities:
            return
        own = self._availabilities.popleft()
        half = timedelta(minutes=30)
        start = datetime.fromisoformat(own["start"]) + self._random.choice((-HOUR, -half, half, HOUR))
        path, about = f"/availabilities/{own['id']}", {"availability": own["id"]}
        operation, answer = self._caller.ask(
            "change_availability", "PATCH", path, {"start": start.isoformat()}, about=about
        )
        self._availabilities.append(answer if operation.is_done else own)

    def withdraw_availability(self) -> None:
        if self._availabilities:
            own = self._availabilities.popleft()["id"]
            self._caller.ask("withdraw_availability", "DELETE", f"/availabilities/{own}", about={"availability": own})

    # Reschedules

    def reschedule(self) -> None:
        """Plan what to do about a doctor's absence for a few hours, look, apply it or not, and undo that sometimes."""
        shift = self._random.choice(self._shared.world.shifts)
        first = self._random.randrange(STARTS, ENDS - 2)
        body = {
            "cause": "doctor_unavailable",
            "label": self._name("away"),
            "scope": {"doctors": [shift.doctor], "start": shift.at(first), "end": shift.at(first + 2)},
            "policy": {
                "same_doctor": False,
                "same_hospital": False,
                "others_move": self._random.random() < 0.3,
                "cancel_unplaced": self._random.random() < 0.5,
            },
            "dry_run": self._random.random() < 0.8,
        }
        operation, job = self._post("reschedule", "/reschedules", body)
        if not operation.is_done:
            return
        path, about = f"/reschedules/{job['id']}", {"reschedule": job["id"]}
        for _ in range(10):
            if self._shared.stopping.is_set() or job["status"] not in ("queued", "planning"):
                break
            _, told = self._caller.ask("poll_reschedule", "GET", path, Prefer="wait=2")
            job = told if told and "status" in told and "id" in told else job
        if job["status"] == "proposed":
            step = "apply" if self._random.random() < 0.7 else "discard"
            operation, job = self._post("decide_reschedule", f"{path}/{step}", **about)
        if operation.is_done and job["status"] == "applied" and self._random.random() < 0.3:
            self._post("decide_reschedule", f"{path}/undo", **about)

    # The directory

    def edit_patient(self) -> None:
        patient = self._random.choice(self._shared.world.patients)
        body = {"name": self._name(patient)}
        self._caller.ask("patient", "PUT", f"/patients/{patient}", body, about={"patient": patient})

    def edit_user(self) -> None:
        user = f"clerk-{self._caller.client}"
        body = {"name": self._name(user), "role": "staff", "hospitals": self._random.sample(list(ZONES), 2)}
        self._caller.ask("user", "PUT", f"/users/{user}", body, about={"user": user})

    # What they share

    def _post(
        self, kind: str, path: str, body: Any = None, headers: dict[str, str] | None = None, **about: str
    ) -> tuple[Operation, Any]:
        operation, answer = self._caller.ask(kind, "POST", path, body, about=about, **(headers or {}))
        if answer is not None and not headers:
            self._asked.append(operation)
        return operation, answer

    def _queued(self, operation: Operation, answer: Any) -> None:
        if operation.is_done and answer:  # of two senders one may have had no answer
            self._undecided.append(answer["id"])

    def _new_patient(self) -> str | None:
        """A patient of a request's own, so that a request that is there twice is seen."""
        patient = self._name("p")
        operation, _ = self._caller.ask(
            "patient", "PUT", f"/patients/{patient}", {"name": f"Patient {patient}"}, about={"patient": patient}
        )
        return patient if operation.is_done else None

    def _wish(self, patient: str) -> dict[str, Any]:
        shift = self._random.choice(self._shared.world.shifts)
        last = self._random.choice(self._shared.world.shifts)
        early, late = sorted((shift.at(STARTS), last.at(ENDS)), key=datetime.fromisoformat)
        wish = {"patient": patient, "earliest": early, "latest": late}
        wish["priority"] = self._random.choice(("urgent", "soon", "routine"))
        match self._random.randrange(4):
            case 0:
                wish["doctors"] = [shift.doctor]
            case 1:
                wish["doctors"] = self._random.sample(list(self._shared.world.doctors), 3)
            case 2:
                wish["specialty"] = self._random.choice(SPECIALTIES)
        if self._random.random() < 0.5:
            wish["hospitals"] = [shift.hospital]
        return wish

    def _hour_of(self, booked: dict[str, Any]) -> tuple[Shift, int]:
        """Some hour of the doctor's, another or the same."""
        theirs = [each for each in self._shared.world.shifts if each.doctor == booked["doctor"]["external_id"]]
        return self._random.choice(theirs), self._random.randrange(STARTS, ENDS)

    def _name(self, of: str) -> str:
        return f"{of}-{self._shared.seed}-{self._caller.client}-{next(self._numbers)}"
