"""`slotwise reschedule plan`: what is lost goes in, who would get which other hour comes out."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cli.options import ApiOption, DataOption, JsonOption, examples
from cli.output import Exit, Stop, answers, notes, print_json, refuse
from cli.reschedule import options as o
from models.wording import counted

if TYPE_CHECKING:
    from cli.client import Api, Json
    from cli.reschedule.asking import Wanted
    from cli.reschedule.job import Job

EXAMPLES = examples("""
    slotwise reschedule plan --doctor D-017 --from 2026-12-07 --until 2026-12-09
    slotwise reschedule plan --doctor D-017 --from 2026-12-07T12:00 --until 2026-12-07 --what-if
    slotwise reschedule plan --closed --hospital north --from 2026-12-24 --until 2026-12-26 --any-hospital
    slotwise reschedule plan --appointments ids.csv --any-doctor --csv proposal.csv
    slotwise reschedule plan --hours week.csv --others-move --apply

    A time without an offset is by the clock of the hospital, or of the only
    one where the doctors see patients. A date is a whole day.

    Nothing is changed before the proposal is applied. In a terminal it asks
    whether to; elsewhere only --apply does.

    Exit code 0: every displaced appointment gets another hour; 1: some are
    left over, or it could not be planned or applied; 2: refused, with every
    fault, and nothing was queued; 3: no API answers.
    """)


def plan(
    *,
    doctor: o.DoctorsOption = None,
    hospital: o.HospitalOption = None,
    start: o.FromOption = None,
    end: o.UntilOption = None,
    closed: o.ClosedOption = False,
    room: o.RoomOption = False,
    hours: o.HoursOption = None,
    appointments: o.AppointmentsOption = None,
    label: o.LabelOption = None,
    any_doctor: o.AnyDoctorOption = False,
    any_hospital: o.AnyHospitalOption = False,
    others_move: o.OthersMoveOption = False,
    others_within: o.OthersWithinOption = None,
    quiet: o.QuietOption = None,
    notice: o.NoticeOption = None,
    latest: o.LatestOption = None,
    within: o.WithinOption = None,
    cancel_unplaced: o.CancelUnplacedOption = False,
    what_if: o.WhatIfOption = False,
    apply: o.ApplyOption = False,
    every: o.AllOption = False,
    csv: o.CsvOption = None,
    api: ApiOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say which hours are lost, and see who would get which other hour.

    Of all plans it proposes one that places the most, by priority; of those one that moves the fewest others; of those
    one with the least shift.
    """
    from cli.connecting import connected  # noqa: PLC0415  # see cli/main.py
    from cli.reschedule.asking import Wanted  # noqa: PLC0415

    if what_if and apply:
        raise Stop("--what-if only asks, and nobody can apply that; leave out one of the two.", Exit.USAGE)
    policy = {
        "same_doctor": False if any_doctor else None,
        "same_hospital": False if any_hospital else None,
        "others_move": others_move or None,
        "others_within_days": others_within,
        "quiet_days": quiet,
        "notice_hours": notice,
        "within_days": within,
        "cancel_unplaced": cancel_unplaced or None,
    }
    wanted = Wanted(
        doctors=doctor or (),
        hospital=hospital,
        start=start,
        end=end,
        closed=closed,
        room=room,
        hours=hours,
        appointments=appointments,
        latest=latest,
        label=label,
        what_if=what_if,
        policy=policy,
    )
    with connected(api, data) as connection:
        job = followed(connection, _queued(connection, wanted, as_json=as_json)["id"])
        if apply and job.told["status"] == "proposed":
            job = _applied(connection, job, as_json=as_json)
        tell(connection, job, every=every, csv=csv, as_json=as_json)
        if not as_json:
            go_on(connection, job)
    finish(job)


def followed(api: "Api", id_: str) -> "Job":
    """A reschedule once it is planned. Whoever does not want to wait can look again later."""
    from cli.reschedule.job import follow  # noqa: PLC0415  # see cli/main.py

    try:
        return follow(api, id_)
    except KeyboardInterrupt:
        notes().print(f"It is planned all the same: slotwise reschedule show {id_}")
        raise


def tell(api: "Api", job: "Job", *, every: bool, csv: Path | None, as_json: bool) -> None:
    """Tell all of a reschedule, and write its proposal where a file is named."""
    from cli.reschedule.job import proposal  # noqa: PLC0415  # see cli/main.py
    from cli.reschedule.telling import print_job  # noqa: PLC0415

    if csv and job.told["planned_at"]:
        try:
            csv.write_bytes(proposal(api, job.id))
        except OSError as error:
            raise Stop(f"{csv} cannot be written: {error.strerror}.", Exit.USAGE) from error
    if as_json:
        print_json(job.for_programs)
    else:
        print_job(answers(), job, every=every)


def go_on(api: "Api", job: "Job") -> None:
    """Where there is something to apply: ask a person whether to, and tell anyone else how."""
    from cli.reschedule.telling import sentences  # noqa: PLC0415  # see cli/main.py

    if job.told["status"] != "proposed" or job.told["what_if"]:
        return
    out = answers()
    if sys.stdin.isatty() and sys.stdout.isatty() and typer.confirm("\nApply it now?", default=False):
        for sentence in sentences(_applied(api, job, as_json=False)):
            out.print(sentence, markup=False, soft_wrap=True)
        return
    out.print("\nUntil it is applied or discarded, no other reschedule can have these appointments.")
    for what in ("apply", "discard"):
        out.print(f"  slotwise reschedule {what} {job.id}", soft_wrap=True)


def finish(job: "Job") -> None:
    """End with the exit code that says whether everybody got another hour.

    Raises
    ------
    Stop
        where not.

    """
    if job.told["status"] == "failed":
        raise Stop("It could not be planned; nothing was changed.")
    if job.left_over:
        raise Stop(f"{counted(len(job.left_over), 'appointment')} left over.")


def _queued(api: "Api", wanted: "Wanted", *, as_json: bool) -> "Json":
    from cli.client import ApiRefused  # noqa: PLC0415  # see cli/main.py
    from cli.reschedule.asking import asked_for, sent_faults  # noqa: PLC0415
    from cli.reschedule.job import ask  # noqa: PLC0415

    try:
        return ask(api, asked_for(api, wanted, as_json=as_json), wanted.appointments)
    except ApiRefused as refused:
        if not refused.errors:
            raise Stop(refused.detail, Exit.USAGE) from refused
        faults = sent_faults(refused, wanted.appointments)
        raise refuse("The reschedule", faults, as_json=as_json, code=Exit.USAGE) from None


def _applied(api: "Api", job: "Job", *, as_json: bool) -> "Job":
    """The job after it was applied, just as it was seen."""
    from cli.client import ApiRefused  # noqa: PLC0415  # see cli/main.py
    from cli.reschedule.job import change, read, reasons_told  # noqa: PLC0415

    try:
        change(api, job.id, "apply", seen=job.told["version"])
    except ApiRefused as refused:
        raise reasons_told(refused, job.id, as_json=as_json) from None
    return read(api, job.id)
