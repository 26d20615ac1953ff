"""The short form of `make chaos`: faults at every kind of part, and one guard switched off that the checker misses."""

from itertools import islice

import pytest

from cli.embedded.folder import temporary_data_folder
from tests.chaos.check import RULES
from tests.chaos.faults import FAULTS
from tests.chaos.prove import trials
from tests.chaos.run import Outcome, Plan, carry_out
from tests.chaos.sabotage import SABOTAGES
from tests.chaos.schedule import NOT_STRUCK, Due, choose, draw
from tests.chaos.stage import API, ROOT


def test_every_fault_names_a_guard_that_can_be_switched_off():
    for fault in FAULTS.values():
        assert fault.does
        assert fault.guard
        assert fault.sabotages
        assert set(fault.sabotages) <= SABOTAGES.keys()


def test_every_fault_is_tried_as_it_is_and_every_guard_is_switched_off():
    tried = [*trials([*FAULTS.values()])]
    assert {each.fault for each in tried if not each.sabotage} == {*FAULTS.values()}
    assert {each.sabotage for each in tried if not each.is_clean} == SABOTAGES.keys()


def test_what_a_sabotage_breaks_are_rules_that_are_checked():
    checked = {rule.__name__ for rule in RULES} | {"every_event_is_told"}
    assert all(each.breaks and checked.issuperset(each.breaks) for each in SABOTAGES.values())


def test_the_documentation_tells_of_every_fault_and_every_sabotage():
    told = (ROOT / "docs/faults.md").read_text(encoding="utf-8")
    assert [each for each in (*FAULTS.values(), *SABOTAGES.values()) if f"| `{each.name}`" not in told] == []


def test_a_seed_draws_the_same_schedule_again_and_another_draws_another():
    faults = choose([], disk=True)
    first, again, other = ([*islice(draw(seed, faults), 100)] for seed in (7, 7, 8))
    assert first == again
    assert first != other


def test_every_fault_strikes_before_one_strikes_again():
    drawn = [*islice(draw(3, choose([], disk=True)), len(FAULTS))]
    assert {each.fault.name for each in drawn} == FAULTS.keys()
    assert all(each.fault.lasts[0] <= each.lasts <= each.fault.lasts[1] for each in drawn)


def test_faults_are_chosen_by_name_and_a_disk_is_filled_only_where_it_is_small():
    assert [each.name for each in choose(["kill-api"], disk=False)] == ["kill-api"]
    assert "fill-the-disk" not in [each.name for each in choose([], disk=False)]
    with pytest.raises(LookupError, match="kill-everybody"):
        choose(["kill-everybody"], disk=True)


slow = pytest.mark.timeout(900)
"""Half a minute; but what is started and killed here takes its time on a machine that has much else to do."""


def run(faults: dict[str, float], **more) -> Outcome:
    """A load until some faults have struck, one after the other, each for so many seconds."""
    due = [Due(FAULTS[name], pause=1, lasts=lasts, seed=1) for name, lasts in faults.items()]
    short = {
        "seed": 1,
        "seconds": 60,
        "schedule": lambda _disk: due,
        "clients": 5,
        "pool": 1,
        "days": 4,
        "patients": 15,
    }
    with temporary_data_folder() as folder:
        return carry_out(Plan(**short | more), folder, lambda _: None)


@slow
def test_whatever_breaks_nothing_is_lost_and_nothing_done_twice():
    faults = {"kill-planner": 0, "cut-transactions": 2, "kill-api": 0, "flush-valkey": 1, "kill-postgresql": 0}
    outcome = run(faults)
    assert outcome.violations == {}
    assert outcome.unsettled == []
    assert [each.due.fault.name for each in outcome.struck] == [*faults]
    assert not [each.told for each in outcome.struck if each.told.startswith(NOT_STRUCK)]


@slow
def test_a_database_that_is_away_and_called_our_fault_is_found_out():
    """Workers are not needed for it, so none are started."""
    outcome = run({"refuse-connections": 3}, sabotage="unavailable", processes=[API], settle=0, acknowledged=80)
    assert "server_errors_say_when" in outcome.violations
