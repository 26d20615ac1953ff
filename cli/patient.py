"""`slotwise patient`: everything that is kept about a patient, and erasing who they are."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import DataOption, JsonOption, examples
from cli.output import Exit, FaultLine, Stop, answers, notes, print_json, refuse
from models.wording import counted

if TYPE_CHECKING:
    import uuid
    from datetime import datetime

    from sqlalchemy.orm import Session

    from models.privacy.erasing import Erased

app = typer.Typer(no_args_is_help=True, help="Export or erase what is kept about a patient.")

PatientArgument = Annotated[str, typer.Argument(metavar="EXTERNAL_ID", help="The patient, by external id or id.")]

EXPORT_EXAMPLES = examples("""
    slotwise patient export P-4711 --out P-4711.json
    slotwise patient export P-4711 | jq .appointments

    That it was exported is written into the audit.
    """)
ERASE_EXAMPLES = examples("""
    slotwise patient erase P-4711           asks before it does anything
    slotwise patient erase P-4711 --yes     does not ask

    Cancel their appointments to come and their waiting requests first. Backups
    keep what they hold: see docs/privacy.md.
    """)


@app.command(epilog=EXPORT_EXAMPLES)
def export(
    patient: PatientArgument,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where it is written. Otherwise standard output.")
    ] = None,
    data: DataOption = None,
) -> None:
    """Write everything that is kept about a patient as one JSON file."""
    from datetime import UTC, datetime  # noqa: PLC0415  # see cli/main.py

    from cli.database import reached  # noqa: PLC0415
    from cli.embedded.running import write_private  # noqa: PLC0415
    from cli.instances import use_database  # noqa: PLC0415
    from models.privacy.exporting import export_patient  # noqa: PLC0415

    whose = use_database(data)
    with reached(whose) as session:
        kept = export_patient(session, _found(session, patient, whose), datetime.now(UTC))
    if out is None:
        print_json(kept)
        return
    try:
        write_private(out, json.dumps(kept, indent=2, ensure_ascii=False) + "\n")
    except OSError as error:
        raise Stop(f"{out} cannot be written: {error.strerror}.") from error
    notes().print(f"Written to {out}, which only you can read.", markup=False)


@app.command(epilog=ERASE_EXAMPLES)
def erase(
    patient: PatientArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Overwrite who a patient is, everywhere. It cannot be undone.

    Their appointments and requests stay, of somebody whom nothing names. A
    patient who is written with the same external id later is a new one.
    """
    from sqlalchemy import func, select  # noqa: PLC0415  # see cli/main.py

    from cli.database import reached  # noqa: PLC0415
    from cli.instances import use_database  # noqa: PLC0415
    from models.audit.tables import AuditArchive  # noqa: PLC0415
    from models.privacy.erasing import find_words  # noqa: PLC0415

    whose = use_database(data)
    with reached(whose) as session:
        id_ = _found(session, patient, whose)
    if not yes and not typer.confirm(f"Erase the patient {patient} of {whose}? This cannot be undone.", err=True):
        raise Stop("Nothing was done.")
    erased = _erase(whose, patient, id_, as_json=as_json)
    with reached(whose) as session:
        left = find_words(session, erased.words)
        archived = session.scalar(select(func.max(AuditArchive.archived_at)))
    _tell(erased, left, archived, as_json=as_json)


def _found(session: "Session", patient: str, whose: str) -> "uuid.UUID":
    from models.references import find_patients  # noqa: PLC0415  # see cli/main.py

    found = find_patients(session, [patient]).get(patient)
    if found is None:
        raise Stop(f"There is no patient {patient!r} in the database of {whose}.")
    return found.id


def _erase(whose: str, patient: str, id_: "uuid.UUID", *, as_json: bool) -> "Erased":
    from datetime import UTC, datetime  # noqa: PLC0415  # see cli/main.py

    from cli.database import reached  # noqa: PLC0415
    from models.faults import Refused  # noqa: PLC0415
    from models.privacy.erasing import erase_patient  # noqa: PLC0415

    try:
        with reached(whose) as session:
            return erase_patient(session, id_, datetime.now(UTC))
    except Refused as refused:
        faults = [FaultLine(patient, fault.value, fault.message) for fault in refused.faults]
        raise refuse(f"Erasing {patient}", faults, as_json=as_json, code=Exit.REFUSED) from None


def _tell(erased: "Erased", left: dict[str, int], archived: "datetime | None", *, as_json: bool) -> None:
    if as_json:
        done = {"answers": erased.answers, "mails": erased.mails, "audit_details": erased.audit_details}
        print_json({"id": str(erased.id), "deleted": done, "words_left": left, "audit_archived_at": archived})
        return
    out = answers()
    out.print(f"Erased. Their appointments and requests are those of {erased.id} now.", markup=False)
    deleted = (
        counted(erased.answers, "stored answer"),
        counted(erased.mails, "unsent mail"),
        counted(erased.audit_details, "entry's words in the audit", "entries' words in the audit"),
    )
    out.print(f"Deleted: {', '.join(deleted)}.")
    for where, rows in left.items():
        out.print(f"A word of theirs stands in {counted(rows, 'row')} of {where}. See whether it means them.")
    if archived:
        out.print(
            f"The audit was archived last on {archived:%d %B %Y}. Run `slotwise audit archive` again into its folder:"
            " it takes their words away there, too."
        )
