"""What a reschedule proposes and what came of it, for people: sentences, pictures of bars, tables."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, tzinfo
from zoneinfo import ZoneInfo

from rich.bar import Bar
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cli.client import Json
from cli.output import print_section, table
from cli.reschedule.job import Job
from models.wording import counted

SHOWN = 20
"""How many rows of each table are shown, unless all are asked for."""

_BAR = 30  # columns

_WOULD_ALLOW: Mapping[str, tuple[bool, str]] = {
    "same_doctor": (True, "--any-doctor"),
    "same_hospital": (True, "--any-hospital"),
    "others_move": (False, "--others-move"),
}
"""What a policy rules out: by its field the value that does, and the option that would allow it."""

_SHORT: Mapping[str, str] = {"urgent": "urgent ones", "soon": "soon ones", "routine": "routine ones"}


def headline(told: Json, appointments: Sequence[Json] = ()) -> str:
    """What was lost: `Dr Ana Sousa away from Mon 07 Dec 2026 00:00 to Tue 08 Dec 2026 00:00`.

    Where no hospital is named, it is told by the clock of that of the first of its `appointments`.
    """
    scope = told["scope"]
    doctors = " and ".join(each["name"] for each in scope["doctors"] or ())
    where = scope["hospital"] or next((each["before"]["hospital"] for each in appointments), None)
    zone = ZoneInfo(where["timezone"]) if where else UTC
    hospital = scope["hospital"]["name"] if scope["hospital"] else ""
    at = f" at {hospital}" if hospital else ""
    period = f" from {_when(scope['start'], zone)} to {_when(scope['end'], zone)}" if scope["start"] else ""
    lost = {
        "doctor_unavailable": f"{doctors} away{at}{period}",
        "hospital_closed": f"{hospital} closed{period}",
        "hours_changed": f"Other weekly hours{at}",
        "room": f"The room of {doctors}{at} cannot be used{period}",
        "appointments": f"{counted(scope['appointments'] or 0, 'appointment')} to be moved",
    }[told["cause"]]
    return f"{told['label']}: {lost}" if told["label"] else lost


def sentences(job: Job) -> Iterator[str]:
    """What it comes to, as sentences."""
    told, counts = job.told, job.told["counts"]
    if counts["placed"] is None:
        yield f"{counted(counts['displaced'], 'appointment')} displaced; it is {told['status']}."
    elif not counts["displaced"]:
        yield "No booked appointment lies in the hours that are lost: nobody has to move."
    else:
        yield from _of_proposal(told)
    yield from _of_status(told)


def print_job(console: Console, job: Job, *, every: bool) -> None:
    """Print all of a reschedule; `every`: with all rows of its tables."""
    console.print(Text(headline(job.told, job.appointments), style="bold"))
    for sentence in sentences(job):
        console.print(Text(sentence), soft_wrap=True)
    if not job.told["summary"]:
        return
    if job.moves or job.others:
        print_section(console, "How far they move", _shifts(job.told["summary"]["shifts"]))
        print_section(console, "By day", _days(job.told["summary"]["days"]))
        if job.left_over:
            _print_indented(console, f"After: without the {len(job.left_over):,} left over.", 0, "dim")
    most = None if every else SHOWN
    _print_moves(console, "Moves", job.moves, most)
    _print_moves(console, "Moved to make room", job.others, most)
    _print_left_over(console, job, most)
    _print_extra_hours(console, job, most)


def _of_proposal(told: Json) -> Iterator[str]:
    counts, summary, shift = told["counts"], told["summary"], told["summary"]["shift_hours"]
    got = "gets another hour" if counts["displaced"] == 1 else "get another hour"
    yield f"{counts['placed']:,} of {counted(counts['displaced'], 'appointment')} {got}."
    if counts["placed"]:
        others = counted(counts["others"], "other has", "others have") if counts["others"] else "Nobody else has"
        changes = [
            counted(number, f"changes {what}", f"change {what}")
            for number, what in ((summary["doctor_changes"], "doctor"), (summary["hospital_changes"], "hospital"))
            if number
        ]
        moved = counts["placed"] + counts["others"]
        half, longest = _lasting(math.ceil(shift["median"])), _lasting(shift["longest"])
        far = f"It moves by {longest}" if moved == 1 else f"Half move by at most {half}, none by more than {longest}"
        yield f"{others} to move. {'; '.join([far, *changes])}."
    yield _proof(told["proof"])
    ruled_out = [option for field, (ruling, option) in _WOULD_ALLOW.items() if told["policy"][field] is ruling]
    if counts["unplaced"] and ruled_out and told["status"] == "proposed":
        yield f"Not allowed, and might help: {', '.join(ruled_out)}."


def _proof(proof: Json) -> str:
    if proof["best"]:
        return "Proved: no plan places more, moves fewer others, or shifts them less."
    reached, bound = proof["reached"], proof["bound"]
    if proof["goal"] in _SHORT:
        return f"Not proved best: of the {_SHORT[proof['goal']]} {reached:,} are placed, and {bound:,} might be."
    if proof["goal"] == "moved":
        return f"Proved the most placed; {counted(reached, 'other')} move, and {bound:,} might do."
    return f"Proved the most placed and the fewest others; at most {reached - bound:,} h from the least shift."


def _of_status(told: Json) -> Iterator[str]:
    left = told["counts"]["left"]
    if told["status"] == "failed":
        yield f"It could not be planned: {told['failure']}"
    elif told["what_if"]:
        yield "It is a question only: nothing is held or changed."
    elif told["status"] == "proposed":
        yield "Nothing is changed until it is applied."
        if event := told["history"][-1]["detail"]:
            yield event
    elif told["status"] == "applied":
        stand = f"; {left:,} left standing still to be seen to" if left else ""
        yield f"It is applied{stand}."
    elif told["status"] in ("discarded", "undone"):
        yield f"It is {told['status']}."


def _shifts(bins: Sequence[Json]) -> Table:
    made = table("by", "", "appointments", right=("by", "appointments"))
    most = max(each["count"] for each in bins)
    for each in bins:
        made.add_row(_bin(each["first"], each["last"]), _bar(each["count"], most), f"{each['count']:,}")
    return made


def _bin(first: int, last: int | None) -> str:
    """Shifts of `first` to `last` hours, in words; None: or more."""
    if last is None:
        return f"more than {_lasting(first - 1)}"
    if last <= 24:
        return f"{first} to {last} hours" if last else "less than an hour"
    return f"{first // 24} to {last // 24} days"


def _lasting(hours: int) -> str:
    """Whole hours, from two days on with the days."""
    days, rest = divmod(hours, 24)
    if days < 2:
        return f"{hours} h"
    return f"{counted(days, 'day')} {rest} h" if rest else counted(days, "day")


def _days(days: Sequence[Json]) -> Table:
    made = table("day", "before", "", "after", "", right=("before", "after"))
    most = max((max(each["before"], each["after"]) for each in days), default=1)
    for each in days:
        before, after = each["before"], each["after"]
        day = f"{date.fromisoformat(each['date']):%a %d %b %Y}"
        made.add_row(day, f"{before:,}", _bar(before, most), f"{after:,}", _bar(after, most))
    return made


def _bar(count: int, most: int) -> Bar:
    return Bar(max(most, 1), 0, count, width=_BAR)


def _print_moves(console: Console, title: str, moves: Sequence[Json], most: int | None) -> None:
    if not moves:
        return
    # The hospital is told of all of them where any goes to another.
    places = ("doctor", "hospital") if any(_changes(each, "hospital") for each in moves) else ("doctor",)
    made = table("patient", "from", "to", "shift", *places, right=("shift",))
    for each in moves[:most]:
        there = [Text(_told_change(each, what)) for what in places]
        hours = [_at(each["before"]["start"]), _at(each["after"]["start"]), _lasting(each["shift_hours"])]
        made.add_row(Text(each["patient"]["name"]), *hours, *there)
    print_section(console, f"{title} ({len(moves):,})", made)
    _tell_rest(console, len(moves), most)


def _changes(moved: Json, what: str) -> bool:
    return bool(moved["before"][what]["id"] != moved["after"][what]["id"])


def _told_change(moved: Json, what: str) -> str:
    """The doctor or hospital that an appointment goes to, told with the one it leaves where that is another."""
    new, old = moved["after"][what]["name"], moved["before"][what]["name"]
    return f"{new} instead of {old}" if _changes(moved, what) else new


def _print_left_over(console: Console, job: Job, most: int | None) -> None:
    """Those left over, under the reason that they have in common."""
    if not job.left_over:
        return
    console.print(f"\n[bold]Left over ({len(job.left_over):,})[/]")
    hours = {each["appointment"]: f"that of {_at(each['before']['start'])}" for each in job.appointments}
    together: dict[str, list[Json]] = {}
    for each in job.left_over[:most]:
        reason = _with_hours(each["conflict"]["message"], hours) if each["conflict"] else "It is not planned as yet."
        together.setdefault(reason, []).append(each)
    for reason, those in together.items():
        _print_indented(console, reason, 2, "dim")
        for each in those:
            _print_indented(console, _standing(each), 4)
            alternatives = each["conflict"]["alternatives"] if each["conflict"] else []
            for alternative in alternatives[: 1 if most else None]:
                _print_indented(console, f"Could be had: {_alternative(alternative)}", 6, "green")
    _tell_rest(console, len(job.left_over), most)


def _standing(item: Json) -> str:
    """Whose hour it is that nobody found another for, and what became of it."""
    before = item["before"]
    priority = "" if item["priority"] in (None, "routine") else f" ({item['priority']})"
    fate = f", {'seen to' if item['seen_to'] else item['fate']}" if item["fate"] else ""
    return f"{item['patient']['name']}{priority}: {_at(before['start'])} with {before['doctor']['name']}{fate}"


def _alternative(alternative: Json) -> str:
    # What it gives up is told with the reason; here the words before it are enough: the time, the doctor …
    gives_up = [each.partition(":")[0] for each in alternative["gives_up"]]
    but = f", giving up {', '.join(gives_up)}" if gives_up else ""
    return f"{_at(alternative['start'])} with {alternative['doctor']['name']}, {alternative['hospital']['name']}{but}"


def _with_hours(message: str, hours: Mapping[str, str]) -> str:
    """A message that calls other appointments by their hours; whose they are is nobody else's business."""
    for id_, hour in hours.items():
        message = message.replace(id_, hour)
    return message


def _print_extra_hours(console: Console, job: Job, most: int | None) -> None:
    extra = job.told["extra_hours"]
    if not extra:
        return
    console.print("\n[bold]Extra hours[/]")
    if not extra["hours"]:
        _print_indented(console, "No extra hour of theirs would place those left over.", 2)
        return
    needed, placed = counted(len(extra["hours"]), "extra hour"), extra["placed"]
    least = "; no fewer do, and no others do more" if extra["proved"] else ""
    rest = f", and leave {len(extra['left']):,}" if extra["left"] else ""
    _print_indented(console, f"{needed} would place {placed:,} of those left over{rest}{least}.", 2)
    made = table("hour", "of", "at", "places the one of")
    before = {each["appointment"]: each["before"]["start"] for each in job.appointments}
    for each in extra["hours"][:most]:
        placed_one = _at(before[each["appointment"]])
        made.add_row(_at(each["start"]), Text(each["doctor"]["name"]), Text(each["hospital"]["name"]), placed_one)
    console.print(Padding(made, (0, 0, 0, 2), expand=False))
    _tell_rest(console, len(extra["hours"]), most)


def jobs_table(jobs: Iterable[tuple[Json, Sequence[Json]]]) -> Table:
    """Reschedules, one a line; each with some of its appointments, for the clock that it is told by."""
    numbers = ("displaced", "placed", "left")
    made = table("id", "status", "what", *numbers, right=numbers)
    for each, appointments in jobs:
        counts, asked = each["counts"], " (what if)" if each["what_if"] else ""
        placed = "" if counts["placed"] is None else f"{counts['placed']:,}"
        left = f"{counts['left']:,}" if each["status"] == "applied" else ""
        what = Text(headline(each, appointments))
        made.add_row(each["id"], f"{each['status']}{asked}", what, f"{counts['displaced']:,}", placed, left)
    return made


def _tell_rest(console: Console, number: int, most: int | None) -> None:
    if most is not None and number > most:
        _print_indented(console, f"{number - most:,} more: --all shows all of them, --csv writes them.", 2, "dim")


def _print_indented(console: Console, text: str, columns: int, style: str = "") -> None:
    console.print(Padding(Text(text, style), (0, 0, 0, columns), expand=False))


def _at(instant: str) -> str:
    """An instant by the clock of the offset that it is written in."""
    return f"{datetime.fromisoformat(instant):%a %d %b %H:%M}"


def _when(instant: str, zone: tzinfo) -> str:
    """An instant by a hospital's clock, or UTC where none is known."""
    local = datetime.fromisoformat(instant).astimezone(zone)
    return f"{local:%a %d %b %Y %H:%M}{' UTC' if zone is UTC else ''}"
