"""A validation as the API tells of it: asked for, followed, read; or what stands, whichever validation found it."""

import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice

from cli.client import Api, Json, Parameters
from cli.progress import bar

_POLL = 1  # seconds for which the API may hold a poll open
_UNFINISHED = ("queued", "running")
_WORST_FIRST = ("error", "warning", "notice")


@dataclass(frozen=True)
class Checked:
    """What was found, and what was found out about the days ahead.

    `report`: the validation; where that is about what stands, the last one, None where there is none. `severity`: the
    worst of what nobody has acknowledged. `severities`: how many findings there are of each, the worst first.
    """

    report: Json
    findings: tuple[Json, ...]
    fragility: tuple[Json, ...]
    hour_values: tuple[Json, ...]
    severity: str | None
    severities: Mapping[str, int]
    acknowledged: int

    @property
    def left(self) -> list[Json]:
        """The findings that stand and nobody has acknowledged."""
        return [each for each in self.findings if not _is_gone(each) and not each["acknowledgement"]]

    @property
    def known(self) -> list[Json]:
        """Those that stand and somebody has."""
        return [each for each in self.findings if not _is_gone(each) and each["acknowledgement"]]

    @property
    def gone(self) -> list[Json]:
        """The findings of a report that it saw no longer."""
        return [each for each in self.findings if _is_gone(each)]

    @property
    def for_programs(self) -> Json:
        """All of it as JSON."""
        return {
            "report": self.report,
            "findings": list(self.findings),
            "fragility": list(self.fragility),
            "hour_values": list(self.hour_values),
        }


def ask(api: Api, hospital: str | None, policy: Mapping[str, Json]) -> Json:
    """Queue a validation of a hospital, or of everything; or be given the one that is under way."""
    wanted = {"hospital": hospital, "policy": dict(policy) or None}
    return api.post("/validation-reports", {name: value for name, value in wanted.items() if value}, str(uuid.uuid4()))


def follow(api: Api, id_: str) -> Json:
    """Wait until a validation has ended; show what is being checked and how far that is."""
    report = api.get(_path(id_))
    with bar() as progress:
        task = progress.add_task("Waiting for a worker", total=None, note="")
        while report["status"] in _UNFINISHED:
            far = report["progress"]
            if step := report["step"]:
                progress.update(task, description=step)
            progress.update(task, completed=far["done"], total=far["total"])
            report = api.get(_path(id_), wait=_POLL)
    return report


def read(api: Api, id_: str) -> Checked:
    """A validation with all that it found."""
    report = api.get(_path(id_))
    findings = tuple(api.items(f"{_path(id_)}/findings"))
    ahead = _ahead(api, id_, {})
    return Checked(report, findings, *ahead, report["severity"], report["severities"], report["acknowledged"])


def read_standing(api: Api, hospital: str | None) -> Checked:
    """What stands now, of a hospital or everywhere, and the last validation that was finished there."""
    where = {"hospital": hospital} if hospital else {}
    findings = tuple(api.items("/findings", where))
    left = [each["severity"] for each in findings if not each["acknowledgement"]]
    counts = Counter(each["severity"] for each in findings)
    last = next(filter(_of(hospital), api.items("/validation-reports", {"status": "finished", "limit": 100})), None)
    return Checked(
        last,
        findings,
        *(_ahead(api, last["id"], where) if last else ((), ())),
        min(left, key=_WORST_FIRST.index, default=None),
        {severity: counts[severity] for severity in _WORST_FIRST},
        len(findings) - len(left),
    )


def last_reports(api: Api, number: int | None) -> list[Json]:
    """The last so many validations, newest first; None: all."""
    return list(islice(api.items("/validation-reports", {"limit": number or 1000}), number))


def change(api: Api, finding: str, what: str, body: Json = None) -> Json:
    """Acknowledge a finding, apply its remedy, …"""
    return api.post(f"/findings/{finding}/{what}", body, str(uuid.uuid4()))


def _ahead(api: Api, id_: str, where: Parameters) -> tuple[tuple[Json, ...], tuple[Json, ...]]:
    fragility, hour_values = (tuple(api.items(f"{_path(id_)}/{what}", where)) for what in ("fragility", "hour-values"))
    return fragility, hour_values


def _of(hospital: str | None) -> Callable[[Json], bool]:
    """Whether a validation looked at a hospital."""

    def is_of(report: Json) -> bool:
        looked_at = report["hospital"]
        return None in (hospital, looked_at) or hospital in (looked_at["external_id"], looked_at["id"])

    return is_of


def _is_gone(finding: Json) -> bool:
    """Whether a finding is gone: by the report that it is read from, or by now."""
    return finding["change"] == "gone" if "change" in finding else finding["gone_at"] is not None


def _path(id_: str) -> str:
    return f"/validation-reports/{id_}"
