"""Every kind of problem that validation adds to the catalogue."""

from api.kinds import Kind

VALIDATION = {
    "unknown_validation_report": Kind("No such validation report", "`GET /validation-reports` lists them."),
    "until_passed": Kind("The last day has passed", "Choose today or a later day."),
    "until_too_far": Kind("The last day is too far away", "What stands for longer is to be looked at again."),
}
