"""What an access token may be given: the scopes. `api.access.policy` says what each of them opens."""

from enum import StrEnum


class Scope(StrEnum):
    """One thing that a token may be allowed. Writing includes no reading but of what was written."""

    SCHEDULE_READ = "schedule:read"
    SCHEDULE_WRITE = "schedule:write"
    REQUESTS_READ = "requests:read"
    REQUESTS_WRITE = "requests:write"  # and to read one's own
    RESCHEDULES_READ = "reschedules:read"
    RESCHEDULES_WRITE = "reschedules:write"
    VALIDATION_READ = "validation:read"
    VALIDATION_WRITE = "validation:write"
    HOSPITALS_WRITE = "hospitals:write"
    DIRECTORY_READ = "directory:read"
    DIRECTORY_WRITE = "directory:write"
    CALENDARS_WRITE = "calendars:write"
    EVENTS_READ = "events:read"
    OPERATIONS_READ = "operations:read"
    OPERATIONS_WRITE = "operations:write"
    METRICS_READ = "metrics:read"
    AUDIT_READ = "audit:read"
    ACCESS_WRITE = "access:write"  # users' hospitals and roles, admins among them


WORDS: dict[Scope, str] = {
    Scope.SCHEDULE_READ: "read hospitals, doctors, availabilities, appointments and the overview",
    Scope.SCHEDULE_WRITE: "add and change availabilities and appointments",
    Scope.REQUESTS_READ: "read all booking requests and batches",
    Scope.REQUESTS_WRITE: "queue booking requests, and read and cancel its own",
    Scope.RESCHEDULES_READ: "read reschedules",
    Scope.RESCHEDULES_WRITE: "plan, apply, discard and undo reschedules",
    Scope.VALIDATION_READ: "read validation reports and findings",
    Scope.VALIDATION_WRITE: "validate, acknowledge findings and apply remedies",
    Scope.HOSPITALS_WRITE: "add hospitals and change their hours",
    Scope.DIRECTORY_READ: "read and search users and patients",
    Scope.DIRECTORY_WRITE: "keep users and patients up to date",
    Scope.CALENDARS_WRITE: "make, list and revoke doctors' calendar addresses",
    Scope.EVENTS_READ: "read what happened",
    Scope.OPERATIONS_READ: "read planning runs and deliveries",
    Scope.OPERATIONS_WRITE: "try deliveries again",
    Scope.METRICS_READ: "read metrics",
    Scope.AUDIT_READ: "search the audit",
    Scope.ACCESS_WRITE: "say who is an admin",
}
