"""Hospitals take turns in the queue: one that queues a flood at once delays the few of others by a round or two."""

import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, update
from sqlalchemy.orm import Session

from models.base import new_ids
from models.booking import BookingRequest, BookingRequestDoctor, PlanningRun, RequestStatus, RunStatus, Turn
from planner.problem import Priority
from tests.workers.conftest import NOW
from tests.workers.network import Network
from workers import claim as claiming
from workers.claim import Claim, Terms
from workers.partition import Limits

Asked = tuple[uuid.UUID | None, Priority, int]
"""Of a request: its share, how urgent it is, and the second in which it was queued."""


@dataclass
class Queue:
    """Queues requests, all for one doctor and of a patient who sees nobody else."""

    network: Network
    patients: dict[uuid.UUID, uuid.UUID] = field(default_factory=dict)

    def wishes(self, wishes: list[Asked], doctor: uuid.UUID) -> list[uuid.UUID]:
        """Queue them and return their ids, which are in their order."""
        if doctor not in self.patients:
            self.patients[doctor] = self.network.patient()
        window = {"patient_id": self.patients[doctor], "earliest": self.network.at(0), "latest": self.network.at(24)}
        with Session(self.network.engine) as session, session.begin():
            ids = new_ids(session, len(wishes))
            rows = [
                window | {"id": id_, "share": share, "priority": priority, "queued_at": NOW + timedelta(seconds=second)}
                for id_, (share, priority, second) in zip(ids, wishes, strict=True)
            ]
            session.execute(insert(BookingRequest), rows)
            choices = [{"booking_request_id": id_, "doctor_id": doctor, "position": 0} for id_ in ids]
            session.execute(insert(BookingRequestDoctor), choices)
        return ids

    def __call__(self, size: int, share: uuid.UUID | None, doctor: uuid.UUID, since: int = 0) -> list[uuid.UUID]:
        """So many of one share, each a second younger than the one before."""
        return self.wishes([(share, Priority.ROUTINE, since + number) for number in range(size)], doctor)


@pytest.fixture
def queue(network: Network) -> Queue:
    return Queue(network)


def decide(network: Network, claim: Claim) -> None:
    """Let a run decide all it holds."""
    network.write(
        update(BookingRequest)
        .where(BookingRequest.planning_run_id == claim.run)
        .values(status=RequestStatus.CANCELLED, decided_at=NOW)
    )
    network.write(
        update(PlanningRun).where(PlanningRun.id == claim.run).values(status=RunStatus.COMMITTED, finished_at=NOW)
    )


def rounds(network: Network, claimed, size: int, since: int = 0) -> list[tuple[uuid.UUID, ...]]:
    """What one worker claims, a run a second, until nothing is queued."""
    terms = Terms(timedelta(seconds=90), timedelta(seconds=40), Limits(size, 5))
    taken = []
    while (claim := claimed(on=terms, at=NOW + timedelta(seconds=since + len(taken)))) is not None:
        decide(network, claim)
        taken.append(claim.requests)
    return taken


def last_round(taken: list[tuple[uuid.UUID, ...]], wanted: list[uuid.UUID]) -> int:
    """After how many rounds all of `wanted` had had their turn."""
    return 1 + max(number for number, requests in enumerate(taken) for each in requests if each in set(wanted))


@pytest.fixture
def flooded(network: Network, queue: Queue):
    """Two hospitals and those who name none: one has queued three hundred, the others ten each a little later.

    Gives the ids of the few.
    """

    def flood(*, one_doctor: bool) -> list[uuid.UUID]:
        doctors = [network.doctor()] * 3 if one_doctor else [network.doctor() for _ in range(3)]
        queue(300, network.hospital(), doctors[0])
        few = queue(10, network.hospital(), doctors[1], since=2000)
        return few + queue(10, None, doctors[2], since=3000)

    return flood


@pytest.mark.parametrize("one_doctor", [True, False])
def test_a_flood_delays_the_few_of_others_by_a_round_or_two(network, claimed, flooded, one_doctor):
    few = flooded(one_doctor=one_doctor)
    taken = rounds(network, claimed, size=40)
    assert last_round(taken, few) <= 2
    assert sum(map(len, taken)) == 320


def test_without_turns_they_wait_for_all_of_it(network, claimed, flooded):
    """The negative control of the test above: as one share, the oldest goes first."""
    few = flooded(one_doctor=True)
    network.write(update(BookingRequest).values(share=None))
    assert last_round(rounds(network, claimed, size=40), few) == 8


@pytest.mark.parametrize("workers", [2, 3])
def test_neither_do_they_wait_where_several_plan_and_the_flood_does_not_end(network, claimed, queue, workers):
    """As many runs as there are workers are always under way, and for each that ends as many are queued again."""
    terms = Terms(timedelta(hours=9), timedelta(hours=9), Limits(20, 5))
    flooding, theirs = network.hospital(), network.hospital()
    doctors = [network.doctor() for _ in range(4)]
    for doctor in doctors:
        queue(30, flooding, doctor)
    few = set(queue(6, theirs, doctors[0], since=500))
    held: list[Claim] = []
    for number in range(2 * workers + 2):
        while len(held) < workers and (claim := claimed(on=terms, at=NOW + timedelta(seconds=number))) is not None:
            held.append(claim)
            few -= set(claim.requests)
        ended = held.pop(0)
        decide(network, ended)
        queue(len(ended.requests), flooding, doctors[number % 4], since=1000 + number)
    assert not few


def test_who_was_served_longest_ago_goes_first(network, claimed, queue):
    doctor = network.doctor()
    shares = [network.hospital(), network.hospital(), None]
    of = {request: share for share in shares for request in queue(3, share, doctor)}
    one_each = [of[request] for (request,) in rounds(network, claimed, size=1)]
    for number in range(0, 9, 3):
        assert set(one_each[number : number + 3]) == set(shares)
    assert len({turn.served_at for turn in network.all(Turn)}) == 3


def test_a_run_that_serves_several_counts_for_all_of_them(network, claimed, queue):
    """Runs of two: who was last in one run is not first in the next."""
    doctor = network.doctor()
    shares = [network.hospital(), network.hospital(), None]
    of = {request: share for share in shares for request in queue(4, share, doctor)}
    served = Counter()
    for requests in rounds(network, claimed, size=2):
        served.update(of[each] for each in requests)
        assert max(served.values()) - min(served[share] for share in shares) <= 1


def test_who_was_away_gets_no_more_than_their_turn(network, claimed, queue):
    """Turns are not saved up: a hospital that queued nothing for long goes first once, and in turn from then on."""
    doctor, busy, idle = network.doctor(), network.hospital(), network.hospital()
    queue(5, busy, doctor)
    rounds(network, claimed, size=1)
    late, others = queue(4, idle, doctor), queue(4, busy, doctor)
    order = [request for (request,) in rounds(network, claimed, size=1, since=60)]
    assert order[0] in late
    assert [request in late for request in order] == [True, False] * 4
    assert set(order) == {*late, *others}


def test_the_whole_window_is_read_where_shares_are_of_different_lengths(network, queue, engine):
    """Reading an equal part of each share first is a saving and nothing else."""
    doctor = network.doctor()
    queue(30, network.hospital(), doctor)
    few = [queue(1, network.hospital(), doctor)[0] for _ in range(4)]
    with Session(engine) as session:
        found = [wish.request for wish in claiming._queue(session, 20)]
    assert len(found) == 20
    assert set(few) < set(found[:5])


wishes = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(Priority), st.integers(0, 5)),
    min_size=1,
    max_size=14,
)
"""Requests: the number of the share (0: none), how urgent, and how old in seconds."""


@pytest.fixture
def three_shares(network: Network) -> tuple[uuid.UUID | None, ...]:
    """A doctor, and the shares of two hospitals and of those who name none."""
    return network.doctor(), None, network.hospital(), network.hospital()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=10)
@given(wishes=wishes, size=st.integers(1, 4))
def test_order_is_by_urgency_then_turn_then_age_and_nobody_waits_for_ever(
    network, claimed, queue, three_shares, wishes, size
):
    for table in (BookingRequestDoctor, BookingRequest, Turn):
        network.write(delete(table))
    doctor, *shares = three_shares  # one of all: one component, so that the order is the queue's alone
    asked = [(shares[share], priority, -age) for share, priority, age in wishes]
    known = {
        id_: (list(Priority).index(priority), share, -age, id_)
        for id_, (share, priority, age) in zip(queue.wishes(asked, doctor), wishes, strict=True)
    }

    taken = rounds(network, claimed, size)

    assert sorted(id_ for requests in taken for id_ in requests) == sorted(known)
    assert len(taken) == -(-len(wishes) // size)
    round_of = {id_: number for number, requests in enumerate(taken) for id_ in requests}
    for one, (urgency, share, queued, _) in known.items():
        for other, (other_urgency, other_share, other_queued, _) in known.items():
            if urgency < other_urgency or (
                (urgency, share) == (other_urgency, other_share) and (queued, one) < (other_queued, other)
            ):
                assert round_of[one] <= round_of[other]
    for one, (urgency, share, *_) in known.items():
        ahead = [each for each in known.values() if each[0] == urgency and each[1] == share and each < known[one]]
        more_urgent = sum(each[0] < urgency for each in known.values())
        # Until its turn every other share has had as many as its own, or one more.
        assert round_of[one] <= (more_urgent + (len(ahead) + 1) * len(shares)) // size
