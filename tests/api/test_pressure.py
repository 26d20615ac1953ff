"""When too much comes it is put off, told when to come again, and nothing that was acknowledged is touched."""

import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from sqlalchemy import func, insert, select, text

from api.pressure import LATEST, SOONEST, PutOff, QueueBound
from models.booking import BookingRequest, PlanningRun, RequestStatus
from models.queue_length import count_undecided
from tests.api.town import MONDAY, Town, at, decide, hospital, refused

SendsOne = Callable[..., httpx.Response]


@pytest.fixture
def room(served) -> Iterator[Callable[[int], QueueBound]]:
    """Lets so many requests be undecided at a time."""
    whole = served.app.state.queue_bound

    def room_for(most: int) -> QueueBound:
        served.app.state.queue_bound = QueueBound(lambda: most)
        return served.app.state.queue_bound

    yield room_for
    served.app.state.queue_bound = whole


@pytest.fixture
def send(town: Town) -> SendsOne:
    def one(key: str | None = None, **more) -> httpx.Response:
        return town.api.post(
            "/booking-requests", json=town.wish(**more), headers={"Idempotency-Key": key or str(uuid.uuid4())}
        )

    return one


def batch(town: Town, size: int, **more) -> httpx.Response:
    return town.api.post("/booking-batches", json={"requests": [town.wish(**more)] * size})


def csv(size: int) -> str:
    return "patient,earliest,latest\n" + f"p1,{at('09:00')},{at('18:00')}\n" * size


def queued(session) -> int:
    with session() as open_session:
        return open_session.scalar(select(func.count()).select_from(BookingRequest))


def in_the_end(attempt: Callable[[], httpx.Response], status: int) -> httpx.Response:
    """What is answered once the queue has been counted again."""
    deadline = time.monotonic() + 20
    while (response := attempt()).status_code != status:
        assert time.monotonic() < deadline, response.text
        time.sleep(0.1)
    return response


def test_beyond_the_bound_a_request_is_put_off_and_there_is_room_again_once_others_are_decided(
    town: Town, session, room, send
):
    room(3)
    first, *_ = [send().json()["id"] for _ in range(3)]
    response = send()
    problem = refused(response, 503, "queue_full")
    assert "3 booking requests are undecided already, and 3 may be; nothing of this was queued" in problem["detail"]
    assert SOONEST <= int(response.headers["retry-after"]) <= LATEST
    assert queued(session) == 3
    with session() as open_session:
        decide(open_session, first, RequestStatus.FAILED)
    in_the_end(send, 202)
    assert queued(session) == 4


def test_what_was_accepted_is_answered_again_though_the_queue_is_full(town: Town, room, send):
    room(1)
    first = send("k1")
    refused(send("k2"), 503, "queue_full")
    assert (send("k1").status_code, send("k1").content) == (202, first.content)


def test_being_put_off_is_no_answer_to_a_key(session, room, send):
    """The same key is what one comes again with."""
    bound = room(1)
    send()
    refused(send("k2"), 503, "queue_full")
    bound._most = lambda: 2
    assert send("k2").status_code == 202
    assert queued(session) == 2


def test_a_batch_is_queued_whole_or_put_off_whole(town: Town, session, room):
    room(5)
    assert batch(town, 3).status_code == 202
    refused(batch(town, 3), 503, "queue_full")
    response = town.api.post("/booking-batches", content=csv(3), headers={"Content-Type": "text/csv"})
    refused(response, 503, "queue_full")
    assert queued(session) == 3
    assert batch(town, 2).status_code == 202
    assert len(town.get("/booking-batches")["items"]) == 2


def test_what_there_is_never_room_for_is_refused_for_good(town: Town, session, room):
    room(5)
    problem = refused(batch(town, 6), 422, "too_many")
    assert "These are 6 requests, and at most 5 may be undecided at a time; divide them." in problem["detail"]
    assert queued(session) == 0


def test_one_hospital_may_fill_half_of_it_and_the_rest_is_for_others(town: Town, session, room, send):
    town.post("/hospitals", **hospital("west"))
    room(10)
    refused(batch(town, 6, hospitals=["central"]), 422, "too_many")
    assert batch(town, 5, hospitals=["central"]).status_code == 202
    response = send(hospitals=["central", "west"])  # it counts for the first
    problem = refused(response, 429, "share_full")
    assert "5 booking requests of this hospital are undecided already, and 5 may be" in problem["detail"]
    assert response.headers["retry-after"]
    assert batch(town, 4, hospitals=["west", "central"]).status_code == 202
    assert send().status_code == 202  # for any hospital: a share of its own
    refused(send(hospitals=["west"]), 503, "queue_full")
    assert queued(session) == 10


def test_the_only_hospital_may_fill_all_of_it(town: Town, room):
    room(10)
    assert batch(town, 10, hospitals=["central"]).status_code == 202


def test_only_what_would_make_the_queue_longer_is_put_off(town: Town, room, send):
    room(1)
    request = send().json()["id"]
    town.book("p1", "d1", "10:00")
    scope = {"doctors": ["d1"], "start": at("09:00"), "end": at("13:00")}
    town.post("/reschedules", cause="doctor_unavailable", scope=scope)
    other = town.post(f"/booking-requests/{request}/replace", priority="urgent")["id"]
    refused(send(), 503, "queue_full")
    assert town.api.delete(f"/booking-requests/{other}").status_code == 200


def test_faults_are_told_before_that_there_is_no_room(room, send):
    room(1)
    send()
    refused(send(patient="nobody"), 422, "unknown_patient")


def flood(send: SendsOne, posts: int) -> int:
    """How many of so many posts, eight at a time, are accepted."""
    with ThreadPoolExecutor(8) as pool:
        return sum(each.status_code == 202 for each in pool.map(lambda _: send(), range(posts)))


def test_of_many_at_once_exactly_as_many_are_let_in_as_there_is_room_for(session, room, send):
    room(20)
    assert flood(send, 40) == 20 == queued(session)


def test_without_counting_what_it_lets_in_it_lets_in_more(session, room, send):
    """The negative control of the test above."""
    bound = room(20)
    bound._good_until = time.monotonic() + 60
    bound._undecided = type("Forgetful", (Counter,), {"update": lambda *_: None})()
    assert flood(send, 40) == 40 == queued(session)


def test_what_is_not_committed_yet_is_counted_and_what_is_rolled_back_is_not(session, room):
    bound = room(2)
    with session() as one, session() as other:
        bound.admit(one, Counter({None: 2}))
        bound._good_until = 0  # as after a second
        with pytest.raises(PutOff):
            bound.admit(other, Counter({None: 1}))
        one.rollback()
        bound._good_until = 0
        bound.admit(other, Counter({None: 2}))


def test_two_processes_go_past_the_bound_by_what_the_other_let_in_since_they_counted(town: Town, session, room, send):
    mine, theirs = room(10), QueueBound(lambda: 10)
    with session() as open_session:
        theirs.admit(open_session, Counter({None: 1}))  # so it has counted, and rolls this back
        open_session.rollback()
    theirs._good_until = mine._good_until = time.monotonic() + 60
    assert flood(send, 12) == 10
    with session() as open_session:
        theirs.admit(open_session, Counter({None: 9}))
        with pytest.raises(PutOff):
            theirs.admit(open_session, Counter({None: 1}))
        theirs._good_until = 0
        with pytest.raises(PutOff):
            theirs.admit(open_session, Counter({None: 1}))


@pytest.mark.parametrize(("decided", "seconds"), [(0, LATEST), (6000, SOONEST), (60, 30), (1, LATEST)])
def test_when_to_come_again_is_told_by_how_fast_the_queue_gets_shorter(town: Town, session, room, decided, seconds):
    room(30)
    with session() as open_session:
        ended = {"worker": "w", "lease_expires_at": func.now(), "finished_at": func.now(), "status": "committed"}
        open_session.execute(insert(PlanningRun).values(requests=decided, booked=decided, conflicts=0, **ended))
        long_ago = {"started_at": text("now() - interval '1 hour'"), "finished_at": text("now() - interval '1 hour'")}
        open_session.execute(insert(PlanningRun).values(requests=999, booked=999, conflicts=0, **ended | long_ago))
    assert batch(town, 30).status_code == 202
    assert batch(town, 30).headers["retry-after"] == str(seconds)


def test_the_whole_queue_is_counted_whoever_asks(town: Town, session):
    town.post("/hospitals", **hospital("west"))
    west = uuid.UUID(town.get("/hospitals/west")["id"])
    requests = [town.post("/booking-requests", **town.wish(hospitals=["west"]))["id"] for _ in range(3)]
    town.post("/booking-requests", **town.wish())
    with session() as open_session:
        decide(open_session, requests[0], RequestStatus.FAILED)
    with session() as open_session:
        undecided = count_undecided(open_session)
    assert (undecided.of_share, undecided.total, undecided.hospitals) == ({west: 2, None: 1}, 3, 2)


def test_the_form_keeps_what_was_typed_and_says_when_to_send_it_again(town: Town, session, room, send):
    room(1)
    send()
    values = {"patient": "p2", "priority": "soon", "earliest": f"{MONDAY}T09:00", "latest": f"{MONDAY}T17:00"}
    response = town.api.post("/app/requests/new", data=values)
    assert response.status_code == 503
    assert response.headers["retry-after"]
    assert "There should be room in" in response.text
    assert f'value="{MONDAY}T17:00"' in response.text
    assert queued(session) == 1


def test_the_upload_says_so_too(town: Town, session, room, send):
    room(1)
    send()
    response = town.api.post("/app/requests/upload", files={"file": ("week.csv", csv(1))}, data={"label": "Week 2"})
    assert response.status_code == 503
    assert response.headers["retry-after"]
    assert "There should be room in" in response.text
    assert 'value="Week 2"' in response.text
    assert queued(session) == 1
