"""`slotwise demo --once`: everything starts, 500 requests are decided, what is said is true, and everything is gone."""

import json
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from cli.embedded.folder import temporary_data_folder


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with temporary_data_folder() as folder:
        yield folder


@pytest.mark.timeout(180)
def test_ends_with_every_request_decided_and_can_be_run_again(slotwise, folder: Path) -> None:
    first = slotwise("demo", "--once", "--json", "--data", folder)
    assert first.code == 0, first.err + logs(folder)
    told = first.json
    assert told["contradictions"] == []
    assert told["by_status"].keys() == {"booked", "conflict"}
    assert sum(told["by_status"].values()) == told["requests"] == 500
    assert sum(told["conflicts_by_kind"].values()) == told["by_status"]["conflict"]
    assert len(told["conflicts_by_kind"]) == 5
    assert len({request["conflict"]["kind"] for request in told["told"]}) == 3
    assert all(request["conflict"]["alternatives"] for request in told["told"])
    assert sum(run["requests"] for run in told["planning_runs"]) >= 500
    assert told["sample"]["rows_loaded"]["users"] == 60
    lost = told["what_if"]["reschedule"]
    assert (lost["status"], lost["what_if"], lost["proof"]["best"]) == ("proposed", True, True)
    assert lost["counts"]["displaced"] == len(told["what_if"]["appointments"]) > 0
    assert told["what_if"]["page"].endswith(f"/app/reschedules/{lost['id']}")
    validated = told["validation"]["report"]
    assert (validated["status"], validated["hospital"], validated["severities"]["error"]) == ("finished", None, 0)
    assert len(told["validation"]["fragility"]) > 0
    assert what_still_runs_on(folder) == []

    again = slotwise("demo", "--once", "--json", "--data", folder)
    assert again.code == 0, again.err + logs(folder)
    assert again.json["sample"]["rows_loaded"] == {}, "nothing is loaded twice"
    assert again.json["batch"] != told["batch"]
    assert again.json["contradictions"] == []

    assert what_still_runs_on(folder) == []


def logs(folder: Path) -> str:
    return json.dumps({file.name: file.read_text()[-2000:] for file in (folder / "logs").glob("*.log")}, indent=1)


def what_still_runs_on(folder: Path) -> list[str]:
    """The processes that name the folder in their command line or environment."""
    found = []
    for process in psutil.process_iter():
        try:
            told = [*process.cmdline(), *process.environ().values()]
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        if any(str(folder) in text for text in told) and process.pid != psutil.Process().pid:
            found.append(process.name())
    return found
