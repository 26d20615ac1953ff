"""Every kind of problem the API answers with: a stable name, a title, and what to do about it.

The name ends the `type` of a problem (`/problems/hours_taken`, a page that says what is here) and is the `code` of
each of its faults. A test holds that every fault in the code is listed.
"""

from api.kinds import Kind
from api.load_kinds import LOAD
from api.remedy_kinds import REMEDYING
from api.reschedule_kinds import RESCHEDULING
from api.validation_kinds import VALIDATION

PROTOCOL = {
    "malformed_json": Kind(
        "The body is not JSON", "The body could not be read as JSON. Check quotes, commas and braces."
    ),
    "unauthenticated": Kind(
        "Nobody has said who they are",
        "Send an access token: `Authorization: Bearer slw_…`. One that was revoked or has expired is nobody's;"
        " `slotwise token add` makes another. People sign in on the page.",
    ),
    "forbidden": Kind(
        "You may not do that",
        "Your role, or the scopes of your token, do not allow it. An admin can say who may; `docs/security.md` has the"
        " table.",
    ),
    "form_expired": Kind(
        "The form is not of your present sign-in",
        "Nothing was changed. Load the page again and send the form once more.",
    ),
    "cross_site": Kind(
        "Another site's page sent this",
        "A browser sent this change on behalf of a page of another site. Changes are taken from our own pages and"
        " from programs only.",
    ),
    "nothing_here": Kind("There is nothing at this address", "Check the path; `/docs` lists every route."),
    "unknown_problem": Kind("No such kind of problem", "`/problems` lists them all."),
    "method_not_allowed": Kind(
        "This address does not take that method", "The `Allow` header names the methods it does take."
    ),
    "not_acceptable": Kind(
        "No such representation", "Answers are JSON: send `Accept: application/json`, or leave the header out."
    ),
    "too_slow": Kind("The body did not come in time", "Send it again, or less at once."),
    "key_in_flight": Kind(
        "The first request with this Idempotency-Key is still being worked on",
        "Send the same request again after `Retry-After` seconds; the first answer is then given again.",
    ),
    "key_reused": Kind(
        "This Idempotency-Key was used with another body",
        "A key stands for one request. Choose a new key for a new request, or send the first body again.",
    ),
    "body_too_large": Kind("The body is too large", "Send less at once, for example several smaller batches."),
    "address_too_long": Kind("The address is too long", "Ask for less at once."),
    "unsupported_media_type": Kind("The body is not declared as JSON", "Send `Content-Type: application/json`."),
    "misdirected": Kind(
        "This server does not answer to that host name",
        "`ALLOWED_HOSTS` lists the names that the server answers to; unset, only this machine's own.",
    ),
    "insecure": Kind(
        "The request came unencrypted from another machine",
        "Ask at the https address. If a proxy encrypts in front of the server, `TRUSTED_PROXIES` has to name it, and it"
        " has to send `X-Forwarded-For` and `X-Forwarded-Proto: https`.",
    ),
    "too_many_requests": Kind(
        "Too many requests",
        "This caller has sent too many in the last minute, or this address too many with tokens that nobody has. Send"
        " it again after `Retry-After` seconds.",
    ),
    "internal": Kind(
        "Something is wrong on our side",
        "The fault is ours and has been logged under the `request_id` of the answer. Read again what you were changing,"
        " and retry with the same Idempotency-Key; if it stays, tell whoever runs this server that id.",
    ),
    "unavailable": Kind(
        "Not available just now",
        "The database is starting, busy or away. Send the request again after `Retry-After` seconds, a POST with the"
        " same `Idempotency-Key`: whether a change was made when the connection broke is known only then.",
    ),
    **LOAD,
}

CATEGORIES = {
    "invalid": Kind("What was sent will not do", "`errors` names every fault: where it is, and what would do instead."),
    "not_found": Kind("What the address names does not exist", "Check the id or external id in the path."),
    "clash": Kind(
        "The schedule stands against it", "What was sent is right in itself. `errors` says what stands against it."
    ),
    "stale": Kind("It has changed since you read it", "Read it again, look at what has changed, and try once more."),
}

SHAPE = {
    "missing": Kind("Something required is missing", "Add it; `/docs` shows an example of every body."),
    "unknown_field": Kind("A field nobody knows", "Check its spelling. Unknown fields are refused, never dropped."),
    "wrong_type": Kind("A value of the wrong type", "The message says which type belongs there."),
    "invalid_value": Kind("A value that will not do", "The message says why."),
    "too_long": Kind("A text that is too long", "Shorten it to the length in the message."),
    "too_short": Kind("A text or list that is too short", "Fill it in, or leave the field out where it is optional."),
    "too_many": Kind("Too many items", "Send at most as many as the message says."),
    "out_of_range": Kind("A number out of range", "The message names the limit."),
    "no_offset": Kind(
        "A time without a UTC offset",
        "Without an offset a time names no instant. Write it like 2026-12-01T10:00:00+00:00.",
    ),
    "not_an_instant": Kind("Not an instant", "Write it like 2026-12-01T10:00:00+00:00."),
    "instant_not_text": Kind("An instant must be text", "Write it like 2026-12-01T10:00:00+00:00."),
    "instant_out_of_reach": Kind("An instant out of reach", "Instants lie in the years 1970 to 2199."),
    "not_a_date": Kind("Not a date", "Write it like 2026-12-01."),
    "date_out_of_reach": Kind("A date out of reach", "Dates lie in the years 1970 to 2199."),
    "date_twice": Kind("A date is named twice", "Put the hours of one date together."),
    "dates_run_backward": Kind("The last date comes before the first", "Swap `from` and `to`, or choose a later `to`."),
    "too_many_days": Kind("Too many days at once", "Ask for fewer days at a time."),
    "not_an_id": Kind("Not an id", "Ids are UUIDs, as in the `id` of an earlier answer."),
    "not_a_choice": Kind("Not one of the choices", "The message lists them."),
    "not_text": Kind("Not Unicode text", "Leave out lone surrogates and other broken characters."),
    "control_character": Kind("A control character", "Leave out NUL, tabs, line breaks and their like."),
    "not_an_email_address": Kind("Not an e-mail address", "Write one such as maria@example.org, without a name."),
    "unknown_timezone": Kind("Not an IANA time zone", "Write one such as Europe/Lisbon."),
    "not_a_time_of_day": Kind("Not a time of day", "Write HH:MM, from 00:00 to 24:00."),
    "opens_at_24": Kind("Opens at 24:00", "Write 00:00 of the next day."),
    "hours_empty": Kind("A period without length", "For the whole day write 00:00 to 24:00."),
    "hours_overlap": Kind("Periods that overlap", "Join them into one period."),
    "specialties_without_doctor": Kind("Specialties without a doctor", "Only users with the role doctor have them."),
    "hospitals_without_staff": Kind(
        "Hospitals of somebody who is not staff",
        "Leave them out: an admin acts at every hospital, a doctor where they are available.",
    ),
    "may_not_make_admins": Kind(
        "Only an admin says who is an admin",
        "Whoever becomes an admin or stops being one, and an admin's e-mail address and `active`, are changed by an"
        " admin or with a token that has the scope `access:write`.",
    ),
    "unreadable_cursor": Kind("Not a cursor of ours", "Take it from `next_cursor`, or leave it out to start anew."),
    "unreadable_etag": Kind("Not an ETag", 'Send `If-Match: "3"`, exactly as the `ETag` header of an answer had it.'),
    "unreadable_key": Kind(
        "Not an Idempotency-Key", "Send 1 to 255 printable ASCII characters, for example a random UUID."
    ),
    "nothing_to_change": Kind("Nothing to change", "Send at least one field that is to be other than it is."),
    "not_storable": Kind("A value that cannot be stored", "Leave out NUL characters and numbers beyond 64 bits."),
    "not_utf8": Kind("A file that is not UTF-8", "Save it as UTF-8; spreadsheets call that CSV UTF-8."),
    "not_csv": Kind("A file that is not CSV", "A quote that is opened must be closed; `facts` names the line."),
    "empty_file": Kind("An empty file", "The first line names the columns, every other line is a request."),
    "unknown_column": Kind("A column nobody knows", "Check its spelling. Unknown columns are refused, never dropped."),
    "missing_column": Kind("A required column is missing", "Add it; the message says what it holds."),
    "column_twice": Kind("A column is there twice", "Keep one of the two."),
    "too_many_cells": Kind(
        "A line with more cells than columns", "Quote cells that hold a separator, and remove what is left over."
    ),
}

REFERENCES = {
    "unknown_hospital": Kind("No such hospital", "Name it by its `external_id` or `id`; `GET /hospitals` lists them."),
    "unknown_doctor": Kind("No such doctor", "Add the doctor with `PUT /users/{external_id}` first."),
    "unknown_user": Kind("No such user", "Add the user with `PUT /users/{external_id}` first."),
    "unknown_patient": Kind("No such patient", "Add the patient with `PUT /patients/{external_id}` first."),
    "inactive_doctor": Kind("The doctor is no longer active", "Choose another doctor."),
    "inactive_patient": Kind("The patient is no longer active", "Bring the directory up to date first."),
    "patient_erased": Kind("The patient was erased", "Write the patient with another external id: a new patient."),
    "unknown_specialty": Kind("Nobody has this specialty", "The message lists the specialties there are."),
    "unknown_availability": Kind("No such availability", "`GET /availabilities` lists them."),
    "unknown_appointment": Kind("No such appointment", "`GET /appointments` lists them."),
    "unknown_booking_request": Kind("No such booking request", "`GET /booking-requests` lists them."),
    "unknown_booking_batch": Kind("No such batch", "`GET /booking-batches` lists them."),
    "unknown_reschedule": Kind("No such reschedule", "`GET /reschedules` lists them."),
    "unknown_planning_run": Kind("No such planning run", "`GET /planning-runs` lists them."),
    "unknown_delivery": Kind("No such delivery", "`GET /deliveries` lists them."),
    "unknown_calendar_feed": Kind(
        "No such calendar", "It was revoked, or never was; `POST /doctors/{doctor}/calendar-feeds` makes another."
    ),
    "unknown_exception": Kind("No exception on that date", "The weekly hours hold there already."),
    "named_twice": Kind("Named twice", "Name each only once."),
}

SCHEDULE = {
    "period_runs_backward": Kind("A period that ends before it starts", "Choose a later end."),
    "shorter_than_an_hour": Kind(
        "Shorter than an hour", "An appointment takes a whole hour, so an availability lasts one at least."
    ),
    "window_runs_backward": Kind("A window that ends before it starts", "Choose a later `latest`."),
    "off_the_hour": Kind(
        "Not on the hour", "Appointments start on the hour by the hospital's clock: 10:00, 11:00, and so on."
    ),
    "outside_openings": Kind(
        "The hospital is not open then", "The message names its next opening; `/hospitals/{id}/openings` lists them."
    ),
    "doctor_elsewhere": Kind(
        "The doctor is in another availability then", "A doctor is in one place at a time; `facts` names the other."
    ),
    "appointment_stands": Kind(
        "Booked appointments stand in it", "Move or cancel the appointments that `errors` names, then try again."
    ),
    "availability_outside_openings": Kind(
        "Availabilities would lie outside the openings", "Change or withdraw those that `errors` names first."
    ),
    "label_taken": Kind("The label is taken", "Choose another, or revoke the calendar address that has it."),
    "external_id_taken": Kind("The external id is taken", "Choose another, or change what has it already."),
    "doctor_has_availabilities": Kind(
        "The doctor has availabilities", "Withdraw them, or keep the role and set `active` to false."
    ),
    "request_decided": Kind("The request is decided already", "Only a request without a booking can be cancelled."),
    "request_not_in_conflict": Kind(
        "The request is not in conflict",
        "Only a request in conflict takes another hour than the one asked for; the message says what to do instead.",
    ),
    "appointment_not_booked": Kind(
        "The appointment is booked no longer", "Only a booked appointment can be moved, cancelled, completed or missed."
    ),
    "already_being_moved": Kind("Another request moves it already", "Cancel that request first."),
    "delivery_not_dead": Kind("The delivery is not dead", "Only one that was given up is tried again by hand."),
    "delivery_outdated": Kind(
        "The patient has been told something later",
        "A later mail about the same appointment has been delivered; the older one would only mislead.",
    ),
    "changed_since": Kind("It has changed since you read it", "Read it again, and send the new `ETag` in `If-Match`."),
    "clash_meanwhile": Kind(
        "Another change came in between", "The message says which rule stands against it. Read again and retry."
    ),
}

CONFLICTS = {
    "hospital_closed": Kind(
        "The hospital is closed then",
        "No opening of an acceptable hospital holds a whole hour in the window; `facts` names the next opening.",
    ),
    "no_availability": Kind(
        "No acceptable doctor is available then",
        "The hospital is open, but no acceptable doctor is available in it for a whole hour; `facts` names the"
        " nearest availability.",
    ),
    "hours_taken": Kind(
        "The hours are taken",
        "There are available hours, and standing appointments hold every one; `facts` names them.",
    ),
    "patient_busy": Kind(
        "The patient is busy then",
        "Free hours remain, and each overlaps an appointment of this patient; `facts` names them.",
    ),
    "outcompeted": Kind(
        "Other requests won the hours",
        "There were hours, and requests of the same or a higher priority won them all; `facts` names the winners.",
    ),
}

APPLYING = {
    "reschedule_not_proposed": Kind(
        "The reschedule is no proposal", "Only a proposal can be applied; `GET /reschedules/{id}` says what it is."
    ),
    "reschedule_only_asks": Kind(
        "The reschedule only asks", "It answers what would happen. Plan it again with `what_if` false, and apply that."
    ),
    "reschedule_not_applied": Kind("The reschedule is not applied", "Only one that is applied can be undone."),
    "schedule_changed": Kind(
        "The schedule has changed since",
        "Nothing was done. `errors` names every change. Plan the reschedule again, or put right what is named.",
    ),
    "appointment_ended": Kind("An appointment has been cancelled, completed or missed since", "Plan again."),
    "appointment_moved": Kind("An appointment has been moved since", "Plan again; `facts` says where it is now."),
    "appointment_not_cancelled": Kind("An appointment is cancelled no longer", "It stays as it is now."),
    "appointment_too_near": Kind(
        "An appointment that was to make room begins too soon", "Nobody gives up an hour within the notice. Plan again."
    ),
    "displaced_since": Kind(
        "Another appointment stands in the lost hours by now", "The proposal knows nothing of it. Plan again."
    ),
    "displaced_no_more": Kind("An appointment is not displaced any more", "Its hour is not lost. Plan again."),
    "hour_too_near": Kind("The hour begins too soon, or has passed", "The notice counts from now. Plan again."),
    "hour_taken_since": Kind("The doctor has another appointment by now", "`facts` names it. Plan again."),
    "patient_busy_since": Kind("The patient has another appointment by now", "`facts` names it. Plan again."),
    "hour_unavailable_since": Kind("The doctor is not available any more", "The hour lies in no availability."),
    "clock_changed_since": Kind("The hospital has another clock", "The hour is not on the hour by it. Plan again."),
    "doctor_left_since": Kind("The doctor is no longer active", "Plan again."),
    "patient_left_since": Kind("The patient is no longer active", "Cancel the appointment, then plan again."),
    "availability_changed_since": Kind(
        "An availability has been changed since", "Undoing would take that change back; it does not."
    ),
    "hours_changed_since": Kind(
        "The hospital's hours have been changed since", "Undoing would take that change back; it does not."
    ),
}

CATALOGUE = {
    **PROTOCOL,
    **CATEGORIES,
    **SHAPE,
    **REFERENCES,
    **SCHEDULE,
    **RESCHEDULING,
    **CONFLICTS,
    **APPLYING,
    **REMEDYING,
    **VALIDATION,
}


def title(code: str) -> str:
    """The title of a kind of problem; of one that is not listed, its name in words."""
    return CATALOGUE[code].title if code in CATALOGUE else code.replace("_", " ").capitalize()
