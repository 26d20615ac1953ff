"""What a validation found, for people: sentences, and calm tables with the worst first."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cli.client import Json
from cli.output import print_section, table
from cli.validate.checked import Checked
from cli.validate.verdict import told_counts
from models.wording import counted

SHOWN = 20
"""How many findings of each severity are shown, unless all are asked for."""

_NAMELESS = 3  # appointments and the like that are told by their ids
_WORST = 5  # days and hours ahead, unless all are asked for
_TITLES = {"error": "Errors", "warning": "Warnings", "notice": "Notices"}


def print_report(console: Console, checked: Checked, *, every: bool) -> None:
    """Print what a validation found; `every`: with all rows of its tables."""
    report = checked.report
    console.print(Text(headline(report), style="bold"))
    for sentence in _sentences(checked):
        console.print(Text(sentence), soft_wrap=True)
    _print_findings(console, checked, every=every)
    _print_ahead(console, checked, every=every)


def in_short(checked: Checked) -> Iterator[str]:
    """What a validation came to, in a few sentences."""
    yield _came_to(checked)
    if checked.fragility:
        lost = [each for each in checked.fragility if each["appointments"] > each["replaceable"]]
        days = counted(len(checked.fragility), "day")
        yield f"Of {days} of doctors and hospitals ahead, {len(lost):,} cannot be lost without leaving somebody out."
    worth = sum(each["books"] > 0 for each in checked.hour_values)
    if worth:
        yield f"In {counted(worth, 'place')} one more hour would book somebody who waits."


def print_standing(console: Console, checked: Checked, *, every: bool) -> None:
    """Print what stands, whichever validation found it."""
    counts = told_counts(checked.severities, checked.acknowledged)
    console.print(Text(f"Standing: {counts}.", style="bold"))
    console.print(Text(f"Last: {_lower(headline(checked.report))}."), soft_wrap=True)
    _print_findings(console, checked, every=every)
    _print_ahead(console, checked, every=every)


def headline(report: Json) -> str:
    """What was validated, and when: `Validation of North, Mon 07 Dec 2026 02:00`."""
    what = report["hospital"]["name"] if report["hospital"] else "everything"
    when = report["finished_at"] or report["started_at"] or report["created_at"]
    return f"Validation of {what}, {_when(when)}"


def reports_table(reports: Iterable[Json]) -> Table:
    """Validations, one a line."""
    numbers = ("errors", "warnings", "notices", "new", "gone")
    made = table("id", "status", "of", "when", *numbers, right=numbers)
    for each in reports:
        name = each["hospital"]["name"] if each["hospital"] else "everything"
        what = Text(f"{name}{'' if each['night'] else ' (asked for)'}")
        when = _when(each["finished_at"] or each["created_at"])
        counts = [each["severities"][severity] for severity in _TITLES]
        changes = [each["changes"][change] for change in ("new", "gone")]
        told = [f"{count:,}" for count in (*counts, *changes)] if each["status"] == "finished" else [""] * 5
        made.add_row(each["id"], each["status"], what, when, *told)
    return made


def _sentences(checked: Checked) -> Iterator[str]:
    report, changes = checked.report, checked.report["changes"]
    if report["status"] == "failed":
        yield f"It failed: {report['failure']}"
    elif report["status"] != "finished":
        step = f": {report['step']}" if report["step"] else ""
        yield f"It is {report['status']}{step}."
    yield _came_to(checked)
    yield f"{changes['new']:,} new, {changes['standing']:,} standing, {changes['gone']:,} gone since the last time."
    if report["unchecked"]:
        yield f"Not looked for, since a check failed: {', '.join(report['unchecked'])}."


def _came_to(checked: Checked) -> str:
    rows = counted(checked.report["progress"]["done"], "row")
    return f"{_upper(told_counts(checked.severities, checked.acknowledged))}, in {rows}{_seconds(checked.report)}."


def _print_findings(console: Console, checked: Checked, *, every: bool) -> None:
    left = checked.left
    for severity, title in _TITLES.items():
        those = [each for each in left if each["severity"] == severity]
        if those:
            shown = those if every else those[:SHOWN]
            print_section(console, f"{title} ({len(those):,})", _findings_table(shown))
            _tell_rest(console, len(those), len(shown))
    if checked.known:
        made = table("what", "until", "finding and reason")
        for each in checked.known:
            known = each["acknowledgement"]
            told = Text.assemble(each["message"], "\n", (f"“{known['because']}”", "italic"), "\n", (each["id"], "dim"))
            made.add_row(each["code"], _day(known["until"]), told)
        print_section(console, f"Acknowledged ({len(checked.known):,})", made)
    if checked.gone:
        made = table("what", "finding")
        shown = checked.gone if every else checked.gone[:_WORST]
        for each in shown:
            made.add_row(each["code"], Text(each["message"]))
        print_section(console, f"Gone since the last time ({len(checked.gone):,})", made)
        _tell_rest(console, len(checked.gone), len(shown))


def _findings_table(findings: Sequence[Json]) -> Table:
    made = table("what", "since", "finding and remedy")
    for each in findings:
        if made.row_count:
            made.add_row()
        since = "new" if each.get("change") == "new" else _day(each["first_seen_at"])
        told = Text(each["message"])
        for line, style in _below(each):
            told.append("\n").append(line, style)
        made.add_row(each["code"], since, told)
    return made


def _below(finding: Json) -> Iterator[tuple[str, str]]:
    """What is told below a finding: its remedy, where there is one, and its id; each with a style."""
    if remedy := finding["remedy"]:
        yield f"Remedy: {told_remedy(remedy)}", "green"
        if remedy["by_operator"]:
            yield from ((line, "green") for line in str(remedy["details"]["sql"]).splitlines())
    if at := finding["remedied_at"]:
        seen_since = datetime.fromisoformat(at) < datetime.fromisoformat(finding["last_seen_at"])
        yield f"Applied {_when(at)}; {'it stands all the same' if seen_since else 'validate again to see'}.", "yellow"
    if nameless := [
        f"{each['kind'].replace('_', ' ')} {each['id']}" for each in finding["entities"] if not each["name"]
    ]:
        rest = f" and {len(nameless) - _NAMELESS:,} more" if len(nameless) > _NAMELESS else ""
        yield f"{', '.join(nameless[:_NAMELESS])}{rest}", "dim"
    yield f"finding {finding['id']}", "dim"


def told_remedy(remedy: Json) -> str:
    """A remedy in a few words: `Move the appointment to Mon 07 Dec 10:00 with Dr Ana Sousa, North`."""
    hour = f" {_into(remedy['kind'])} {_at(remedy['start'])}" if remedy["start"] else ""
    doctor = f" {'with' if hour else 'of'} {remedy['doctor']['name']}" if remedy["doctor"] else ""
    hospital = f"{',' if doctor else ' at'} {remedy['hospital']['name']}" if remedy["hospital"] else ""
    return f"{remedy['action']}{hour}{doctor}{hospital}"


def _print_ahead(console: Console, checked: Checked, *, every: bool) -> None:
    """What would break it, and what an hour is worth: the worst and the best of them."""
    lost = [each for each in checked.fragility if each["appointments"] > each["replaceable"]]
    if checked.fragility and not lost:
        days = counted(len(checked.fragility), "day that may be lost", "days that may be lost")
        console.print(f"\n{days}: everybody would get another hour.")
    if lost:
        shown = lost if every else lost[:_WORST]
        title = f"What would break it ({len(lost):,} of {counted(len(checked.fragility), 'day')})"
        print_section(console, title, _lost_table(shown))
        _tell_rest(console, len(lost), len(shown))
    worth = [each for each in checked.hour_values if each["books"]]
    if worth:
        shown = worth if every else worth[:_WORST]
        print_section(console, f"Where one more hour would help ({len(worth):,})", _worth_table(shown))
        _tell_rest(console, len(worth), len(shown))


def _lost_table(days: Sequence[Json]) -> Table:
    numbers = ("appointments", "left without an hour")
    made = table("day", "of", "at", *numbers, right=numbers)
    for each in days:
        whose = each["doctor"]["name"] if each["doctor"] else "everybody"
        without = each["appointments"] - each["replaceable"]
        told = f"{without:,}" if each["proved"] else f"at most {without:,}"
        made.add_row(_day(each["date"]), Text(whose), Text(each["hospital"]["name"]), f"{each['appointments']:,}", told)
    return made


def _worth_table(hours: Sequence[Json]) -> Table:
    numbers = ("waiting", "books")
    made = table("hour", "of", "at", "specialty", *numbers, "priority", right=numbers)
    for each in hours:
        when = _at(each["start"]) if each["start"] else _day(each["date"])
        whose = Text(each["doctor"]["name"] if each["doctor"] else "")
        books = f"{each['books']:,}" if each["proved"] else f"about {each['books']:,}"
        where = Text(each["hospital"]["name"])
        made.add_row(when, whose, where, each["specialty"], f"{each['waiting']:,}", books, each["priority"] or "")
    return made


def _tell_rest(console: Console, number: int, shown: int) -> None:
    if number > shown:
        rest = Text(f"{number - shown:,} more: --all shows all of them.", "dim")
        console.print(Padding(rest, (0, 0, 0, 2), expand=False))


def _seconds(report: Json) -> str:
    if not (report["started_at"] and report["finished_at"]):
        return ""
    took = datetime.fromisoformat(report["finished_at"]) - datetime.fromisoformat(report["started_at"])
    return f" and {took.total_seconds():.1f} s" if took < timedelta(minutes=2) else f" and {took.total_seconds():.0f} s"


def _into(kind: str) -> str:
    return "to" if kind == "move_appointment" else "at"


def _when(instant: str) -> str:
    """An instant by the clock of the offset that it is written in; that may be UTC's, which is told."""
    time = datetime.fromisoformat(instant)
    return f"{time:%a %d %b %Y %H:%M}{' UTC' if time.utcoffset() == UTC.utcoffset(None) else ''}"


def _at(instant: str) -> str:
    return f"{datetime.fromisoformat(instant):%a %d %b %H:%M}"


def _day(day: str) -> str:
    """The day of a date or an instant."""
    return f"{date.fromisoformat(day[:10]):%a %d %b}"


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
