"""The kinds of problems that applying the remedy of a finding answers with (see `api.catalogue`)."""

from api.kinds import Kind

REMEDYING = {
    "unknown_finding": Kind("There is no such finding", "`GET /findings` lists them."),
    "finding_gone": Kind("The finding is gone", "There is nothing left to mend."),
    "finding_remedied": Kind(
        "The remedy was applied already", "Validate again to see whether it mended what was found."
    ),
    "no_remedy": Kind("No remedy is known", "Mend what the finding says by hand."),
    "remedy_not_ours": Kind("An operator has to apply this remedy", "The finding holds the statement to run."),
    "remedy_outdated": Kind(
        "The remedy does not fit any more", "Nothing was done. `errors` says why. Validate again to find another."
    ),
    "nothing_to_withdraw": Kind("The doctor has no availability to come", "There is nothing left to withdraw."),
    "within_openings": Kind("The availability lies within the openings", "There is nothing left to cut off."),
    "request_changed_since": Kind("The booking request has changed since", "What was wrong with it no longer is."),
    "nothing_undelivered": Kind("No message waits to be sent again", "Messages that would mislead are not sent."),
}
