"""Every kind of problem that rescheduling adds to the catalogue."""

from api.kinds import Kind

RESCHEDULING = {
    "scope_incomplete": Kind(
        "The scope does not say enough", "Add what the message names; `/docs` shows what each cause needs."
    ),
    "scope_surplus": Kind("The scope says too much", "Leave out what the message names; it means nothing there."),
    "scope_too_long": Kind("A scope of years", "Change the weekly hours, or withdraw availabilities for good."),
    "scope_runs_backward": Kind("A scope that ends before it starts", "Choose a later end."),
    "scope_passed": Kind(
        "The lost hours have passed", "What has begun already cannot be rescheduled; choose later hours."
    ),
    "too_many_displaced": Kind(
        "Too many appointments for one reschedule", "Divide the scope: by days, by doctors, or by hospitals."
    ),
    "appointment_twice": Kind("An appointment is named twice", "Name each once."),
    "appointment_begun": Kind("The appointment has begun already", "Leave it out; only later ones get another hour."),
    "what_if_applied": Kind(
        "A question cannot be applied", "Leave out `dry_run`, or leave out `what_if` where you do mean it."
    ),
    "appointment_held": Kind(
        "Another reschedule holds an appointment",
        "One reschedule at a time can have an appointment. `facts` names the other: apply it or discard it first, or"
        " ask with `what_if`, which holds nothing.",
    ),
    "reschedule_decided": Kind(
        "The reschedule is decided already", "The message says how. `POST /reschedules/{id}/plan-again` plans it anew."
    ),
    "not_planned": Kind(
        "The reschedule has no proposal", "While it is queued or planned, poll it with `Prefer: wait=20`."
    ),
    "file_forgotten": Kind(
        "The file is not kept any more",
        "Problems and plans are kept for `RUNS_KEPT_DAYS`; download them before. The proposal is still there.",
    ),
    "hour_begun": Kind("An extra hour has begun already", "Plan again: later hours are proposed then."),
    "reschedule_not_proposed": Kind(
        "The reschedule is no proposal", "Only one that is `proposed` can be applied; the message says what it is."
    ),
    "reschedule_only_asks": Kind(
        "The reschedule only asks",
        "Nobody can apply a `what_if`. `POST /reschedules/{id}/plan-again` with `what_if` false plans it in earnest.",
    ),
    "reschedule_not_applied": Kind(
        "The reschedule is not applied", "Only one that is `applied` can be undone; the message says what it is."
    ),
    "schedule_changed": Kind(
        "The schedule has changed since",
        "Nothing was done. `errors` names every change. Plan again what was proposed: `remedy` is the address to POST"
        " to. What was applied can be undone only while nobody has changed what it did.",
    ),
    "displaced_since": Kind(
        "An appointment stands in the lost hours by now",
        "It came after the proposal; plan again, and it is placed too.",
    ),
    "displaced_no_more": Kind("An appointment keeps its hour", "Its hour is not lost any more; plan again."),
    "appointment_ended": Kind("An appointment is over or cancelled", "It needs no other hour; plan again."),
    "appointment_moved": Kind("An appointment has been moved", "Somebody gave it another hour; plan again."),
    "appointment_not_cancelled": Kind(
        "An appointment is cancelled no more", "What the reschedule had cancelled has become something else since."
    ),
    "appointment_too_near": Kind(
        "An appointment is too near to make room", "The policy's notice has begun since; plan again."
    ),
    "hour_too_near": Kind(
        "A new hour is too near by now", "It has passed, or the policy's notice has begun; plan again."
    ),
    "hour_taken_since": Kind("A new hour is taken by now", "The doctor has another appointment then; plan again."),
    "patient_busy_since": Kind("The patient is busy by now", "The patient has another appointment then; plan again."),
    "hour_unavailable_since": Kind(
        "The doctor is not available any more", "The availability of a new hour was withdrawn or changed; plan again."
    ),
    "clock_changed_since": Kind("The hospital has another clock", "A new hour is off the hour by it; plan again."),
    "doctor_left_since": Kind("The doctor is no longer active", "Plan again; another doctor is looked for."),
    "patient_left_since": Kind("The patient is no longer active", "Cancel the appointment, or bring the directory up."),
    "availability_changed_since": Kind(
        "An availability is not as it was left", "Somebody has changed or withdrawn it; put that back first."
    ),
    "hours_changed_since": Kind(
        "The hospital's hours are not as they were left", "Somebody has changed them; put that back first."
    ),
}
