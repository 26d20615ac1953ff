"""Who may do what, where: the one table. A route that is not in it is refused to everybody.

A row names what is done, the roles and the scopes that may do it, and the routes that do it. How far a caller reaches
follows from who they are (`models.access.acting.Reach`): an admin everywhere, staff at their hospitals, a doctor in
their own schedule, a token at its hospitals. What is out of reach does not exist (`models.access.reach`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from models.access.acting import EVERYTHING, Reach
from models.access.callers import Caller
from models.access.scopes import Scope
from models.people import Role

ADMIN = frozenset({Role.ADMIN})
STAFF = frozenset({Role.ADMIN, Role.STAFF})
SIGNED_IN = frozenset({Role.ADMIN, Role.STAFF, Role.DOCTOR})


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    `everyone`: no sign-in is needed. `own`: scopes that open the routes for what the token itself has made, and nothing
    else. `network`: of the whole network, so that a caller who is bound to hospitals may not.
    """

    action: str
    routes: tuple[str, ...]
    roles: frozenset[Role] = frozenset()
    scopes: frozenset[Scope] = frozenset()
    own: frozenset[Scope] = frozenset()
    everyone: bool = False
    network: bool = False

    def reach(self, caller: Caller) -> Reach | None:
        """How far a caller reaches on these routes; None: they may not call them."""
        if self.network and caller.hospitals is not None:
            return None
        if caller.role is not None:
            return _of_role(caller) if caller.role in self.roles else None
        if caller.scopes & self.scopes:
            return Reach(hospitals=caller.hospitals)
        if caller.scopes & self.own:
            return Reach(hospitals=caller.hospitals, requests_of=caller.id)
        return None


def _of_role(caller: Caller) -> Reach:
    match caller.role:
        case Role.ADMIN:
            return EVERYTHING
        case Role.DOCTOR:
            return Reach(hospitals=caller.hospitals, doctor=caller.id)
        case _:
            return Reach(hospitals=caller.hospitals)


def _scopes(*scopes: Scope) -> frozenset[Scope]:
    return frozenset(scopes)


POLICY: tuple[Row, ...] = (
    Row(
        "see that the server lives, read about its API, sign in",
        (
            "GET /healthz",
            "GET /readyz",
            "GET /docs",
            "GET /problems",
            "GET /problems/{code}",
            "GET /app/sign-in",
            "POST /app/sign-in",
            "GET /app/sign-in/oidc",
            "GET /app/sign-in/oidc/back",
        ),
        everyone=True,
    ),
    Row(  # whoever has the address may: what it tells is in the feed's own reach
        "read a calendar at its address",
        ("GET /calendars/{token}.ics", "HEAD /calendars/{token}.ics"),
        everyone=True,
    ),
    Row("begin", ("GET /", "GET /app", "GET /app/"), roles=SIGNED_IN),
    Row(
        "see and change your own account",
        (
            "GET /app/signed-in",
            "POST /app/sign-out",
            "GET /app/account",
            "POST /app/account/sign-ins/{sign_in_id}/end",
            "POST /app/account/sign-out-everywhere",
            "GET /app/password",
            "POST /app/password",
        ),
        roles=SIGNED_IN,
    ),
    Row(
        "read the schedule",
        (
            "GET /hospitals",
            "GET /hospitals/{hospital}",
            "GET /hospitals/{hospital}/operating-hours",
            "GET /hospitals/{hospital}/exceptions",
            "GET /hospitals/{hospital}/openings",
            "GET /doctors",
            "GET /availabilities",
            "GET /availabilities/{availability_id}",
            "GET /appointments",
            "GET /appointments/{appointment_id}",
            "GET /appointments/{appointment_id}/history",
            "GET /schedule",
            "GET /app/live",
            "GET /app/schedule",
            "GET /app/schedule/data",
            "GET /app/schedule/at",
            "GET /app/day-sheet",
            "GET /app/dialogs/appointments/{appointment_id}",
        ),
        roles=SIGNED_IN,
        scopes=_scopes(Scope.SCHEDULE_READ),
    ),
    Row(
        "change the schedule",
        (
            "POST /availabilities",
            "PATCH /availabilities/{availability_id}",
            "DELETE /availabilities/{availability_id}",
            "POST /appointments",
            "POST /appointments/{appointment_id}/cancel",
            "POST /appointments/{appointment_id}/complete",
            "POST /appointments/{appointment_id}/no-show",
            "POST /appointments/{appointment_id}/move",
            "GET /app/dialogs/availability/new",
            "POST /app/dialogs/availability/new",
            "GET /app/dialogs/availabilities/{availability_id}",
            "POST /app/dialogs/availabilities/{availability_id}",
            "GET /app/dialogs/availabilities/{availability_id}/withdraw",
            "POST /app/dialogs/availabilities/{availability_id}/withdraw",
            "GET /app/dialogs/book",
            "POST /app/dialogs/book",
            "POST /app/dialogs/patients",
            "GET /app/dialogs/appointments/{appointment_id}/cancel",
            "POST /app/dialogs/appointments/{appointment_id}/cancel",
            "POST /app/dialogs/appointments/{appointment_id}/complete",
            "POST /app/dialogs/appointments/{appointment_id}/no-show",
            "GET /app/dialogs/appointments/{appointment_id}/move",
            "POST /app/appointments/{appointment_id}/move",
        ),
        roles=STAFF,
        scopes=_scopes(Scope.SCHEDULE_WRITE),
    ),
    Row(
        "change a hospital's hours",
        (
            "PUT /hospitals/{hospital}/operating-hours",
            "PUT /hospitals/{hospital}/exceptions/{date}",
            "DELETE /hospitals/{hospital}/exceptions/{date}",
        ),
        roles=STAFF,
        scopes=_scopes(Scope.HOSPITALS_WRITE),
    ),
    Row("add a hospital", ("POST /hospitals",), roles=ADMIN, scopes=_scopes(Scope.HOSPITALS_WRITE), network=True),
    Row(
        "look up patients",
        ("GET /patients", "GET /patients/{external_id}", "POST /patients/search"),
        roles=STAFF,
        scopes=_scopes(Scope.DIRECTORY_READ),
    ),
    Row(
        "look up users",
        ("GET /users", "GET /users/{external_id}"),
        roles=ADMIN,
        scopes=_scopes(Scope.DIRECTORY_READ),
        network=True,
    ),
    Row(
        "say who may sign in, and give systems a way in",
        (
            "GET /app/access",
            "GET /app/access/users/{user_id}/code",
            "POST /app/access/users/{user_id}/code",
            "POST /app/access/users/{user_id}/sign-out",
            "GET /app/access/tokens/new",
            "POST /app/access/tokens",
            "GET /app/access/tokens/{token_id}/revoke",
            "POST /app/access/tokens/{token_id}/revoke",
        ),
        roles=ADMIN,
        network=True,
    ),
    Row(
        "keep the directory up to date",
        ("PUT /users/{external_id}", "PUT /patients/{external_id}"),
        roles=ADMIN,
        scopes=_scopes(Scope.DIRECTORY_WRITE),
        network=True,
    ),
    Row(
        "read booking requests",
        (
            "GET /booking-requests",
            "GET /booking-requests/{request_id}",
            "GET /booking-batches",
            "GET /booking-batches/{batch_id}",
            "GET /app/requests",
            "GET /app/requests/batches",
            "GET /app/requests/batches/{batch_id}",
            "GET /app/requests/{request_id}",
        ),
        roles=STAFF,
        scopes=_scopes(Scope.REQUESTS_READ),
        own=_scopes(Scope.REQUESTS_WRITE),
    ),
    Row(
        "queue, cancel and settle booking requests",
        (
            "POST /booking-requests",
            "DELETE /booking-requests/{request_id}",
            "POST /booking-requests/{request_id}/accept",
            "POST /booking-requests/{request_id}/replace",
            "POST /booking-batches",
            "GET /app/requests/new",
            "POST /app/requests/new",
            "POST /app/requests/patients",
            "GET /app/requests/upload",
            "POST /app/requests/upload",
            "GET /app/requests/template.csv",
            "POST /app/requests/{request_id}/accept",
            "GET /app/requests/{request_id}/cancel",
            "POST /app/requests/{request_id}/cancel",
        ),
        roles=STAFF,
        own=_scopes(Scope.REQUESTS_WRITE),
    ),
    Row(
        "read reschedules",
        (
            "GET /reschedules",
            "GET /reschedules/{reschedule_id}",
            "GET /reschedules/{reschedule_id}/appointments",
            "GET /reschedules/{reschedule_id}/proposal.csv",
            "GET /reschedules/{reschedule_id}/problem.json",
            "GET /reschedules/{reschedule_id}/plan.json",
            "GET /app/reschedules",
            "GET /app/reschedules/{reschedule_id}",
            "GET /app/reschedules/{reschedule_id}/appointments",
        ),
        roles=STAFF,
        scopes=_scopes(Scope.RESCHEDULES_READ),
    ),
    Row(
        "reschedule",
        (
            "POST /reschedules",
            "POST /reschedules/{reschedule_id}/apply",
            "POST /reschedules/{reschedule_id}/undo",
            "POST /reschedules/{reschedule_id}/discard",
            "POST /reschedules/{reschedule_id}/plan-again",
            "POST /reschedules/{reschedule_id}/extra-hours/add",
            "GET /app/reschedules/new",
            "POST /app/reschedules/new",
            "GET /app/reschedules/{reschedule_id}/apply",
            "POST /app/reschedules/{reschedule_id}/apply",
            "GET /app/reschedules/{reschedule_id}/undo",
            "POST /app/reschedules/{reschedule_id}/undo",
            "POST /app/reschedules/{reschedule_id}/discard",
            "POST /app/reschedules/{reschedule_id}/again",
            "GET /app/reschedules/{reschedule_id}/extra-hours",
            "POST /app/reschedules/{reschedule_id}/extra-hours",
        ),
        roles=STAFF,
        scopes=_scopes(Scope.RESCHEDULES_WRITE),
    ),
    Row(
        "read validations",
        (
            "GET /validation-reports",
            "GET /validation-reports/{report_id}",
            "GET /validation-reports/{report_id}/findings",
            "GET /validation-reports/{report_id}/fragility",
            "GET /validation-reports/{report_id}/hour-values",
            "GET /validation-reports/{report_id}/fragility.csv",
            "GET /validation-reports/{report_id}/hour-values.csv",
            "GET /findings",
            "GET /findings/{finding_id}",
            "GET /app/validation",
            "GET /app/validation/progress",
            "GET /app/validation/reports",
            "GET /app/validation/reports/{report_id}",
            "GET /app/validation/fragility",
            "GET /app/validation/fragility/{loss_id}",
            "GET /app/validation/hours",
        ),
        roles=STAFF,
        scopes=_scopes(Scope.VALIDATION_READ),
    ),
    Row(
        "validate, acknowledge and mend",
        (
            "POST /validation-reports",
            "POST /findings/{finding_id}/acknowledge",
            "POST /findings/{finding_id}/unacknowledge",
            "POST /findings/{finding_id}/apply-remedy",
            "POST /app/validation",
            "GET /app/validation/findings/{finding_id}/acknowledge",
            "POST /app/validation/findings/{finding_id}/acknowledge",
            "POST /app/validation/findings/{finding_id}/unacknowledge",
            "GET /app/validation/findings/{finding_id}/remedy",
            "POST /app/validation/findings/{finding_id}/remedy",
        ),
        roles=STAFF,
        scopes=_scopes(Scope.VALIDATION_WRITE),
    ),
    Row(
        "read the overview",
        (
            "GET /overview/utilisation",
            "GET /overview/waiting",
            "GET /overview/time-to-appointment",
            "GET /overview/conflicts",
            "GET /overview/utilisation.csv",
            "GET /overview/waiting.csv",
            "GET /overview/time-to-appointment.csv",
            "GET /overview/conflicts.csv",
            "GET /app/overview",
            "GET /app/overview/news",
        ),
        roles=STAFF,
        scopes=_scopes(Scope.SCHEDULE_READ),
    ),
    Row(
        "give out calendar addresses",
        (
            "POST /doctors/{doctor}/calendar-feeds",
            "GET /doctors/{doctor}/calendar-feeds",
            "GET /calendar-feeds/{feed_id}",
            "DELETE /calendar-feeds/{feed_id}",
            "GET /app/calendars",
            "GET /app/calendars/new",
            "POST /app/calendars",
            "GET /app/calendars/{feed_id}/revoke",
            "POST /app/calendars/{feed_id}/revoke",
        ),
        roles=SIGNED_IN,
        scopes=_scopes(Scope.CALENDARS_WRITE),
    ),
    Row("read what happened", ("GET /events",), roles=ADMIN, scopes=_scopes(Scope.EVENTS_READ)),
    Row("search the audit", ("GET /audit",), roles=ADMIN, scopes=_scopes(Scope.AUDIT_READ), network=True),
    Row(
        "read what planners did",
        ("GET /planning-runs", "GET /planning-runs/{run_id}", "GET /planning-runs.csv"),
        roles=ADMIN,
        scopes=_scopes(Scope.OPERATIONS_READ),
        network=True,
    ),
    Row("see how it runs", ("GET /app/status",), roles=ADMIN, network=True),
    Row("read metrics", ("GET /metrics",), roles=ADMIN, scopes=_scopes(Scope.METRICS_READ), network=True),
    Row(
        "read deliveries",
        ("GET /deliveries", "GET /deliveries/{delivery_id}", "GET /app/messages"),
        roles=STAFF,
        scopes=_scopes(Scope.OPERATIONS_READ),
    ),
    Row(
        "try a delivery again",
        ("POST /deliveries/{delivery_id}/retry", "POST /app/messages/{delivery_id}/retry"),
        roles=STAFF,
        scopes=_scopes(Scope.OPERATIONS_WRITE),
    ),
)


def allows(caller: Caller | None, route: str) -> bool:
    """Whether a caller may call a route, `GET /schedule`; None: who has not signed in."""
    row = by_route()[route]
    return row.everyone or (caller is not None and row.reach(caller) is not None)


@cache
def by_route() -> Mapping[str, Row]:
    """The row of each route, `GET /schedule`.

    Raises
    ------
    ValueError
        where two rows name the same route.

    """
    rows: dict[str, Row] = {}
    for row in POLICY:
        for route in row.routes:
            if route in rows:
                raise ValueError(f"{route} is in two rows of the policy")
            rows[route] = row
    return rows
