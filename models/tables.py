"""Every table, imported once, so that the metadata is whole."""

from models import rules
from models.access import privileges
from models.access.tables import (
    AccessToken,
    AccessTokenHospital,
    Account,
    OidcAttempt,
    OidcIdentity,
    OneTimeCode,
    SignIn,
    SignInFailure,
    UserHospital,
)
from models.audit import functions as audit_functions
from models.audit.tables import AuditArchive, AuditDetail, AuditEntry, AuditSeal, AuditUnsealed
from models.base import Base
from models.booking import (
    BookingBatch,
    BookingRequest,
    BookingRequestDoctor,
    BookingRequestHospital,
    Conflict,
    PlanningRun,
    Turn,
)
from models.calendar_feeds import CalendarFeed
from models.deliveries.tables import Delivery, DeliveryCursor
from models.hospitals import Hospital, Opening, OperatingException, OperatingHours
from models.operations import IdempotencyKey, OutboxMessage
from models.people import Doctor, DoctorSpecialty, Patient, User
from models.privacy import rules as privacy_rules
from models.rescheduling.tables import FormerHour, Reschedule, RescheduledAppointment, RescheduleEvent
from models.schedule import Appointment, Availability
from models.validation.tables import Finding, Fragility, HourValue, Sighting, ValidationReport

__all__ = [
    "AccessToken",
    "AccessTokenHospital",
    "Account",
    "Appointment",
    "AuditArchive",
    "AuditDetail",
    "AuditEntry",
    "AuditSeal",
    "AuditUnsealed",
    "Availability",
    "Base",
    "BookingBatch",
    "BookingRequest",
    "BookingRequestDoctor",
    "BookingRequestHospital",
    "CalendarFeed",
    "Conflict",
    "Delivery",
    "DeliveryCursor",
    "Doctor",
    "DoctorSpecialty",
    "Finding",
    "FormerHour",
    "Fragility",
    "Hospital",
    "HourValue",
    "IdempotencyKey",
    "OidcAttempt",
    "OidcIdentity",
    "OneTimeCode",
    "Opening",
    "OperatingException",
    "OperatingHours",
    "OutboxMessage",
    "Patient",
    "PlanningRun",
    "Reschedule",
    "RescheduleEvent",
    "RescheduledAppointment",
    "Sighting",
    "SignIn",
    "SignInFailure",
    "Turn",
    "User",
    "UserHospital",
    "ValidationReport",
    "audit_functions",
    "privacy_rules",
    "privileges",
    "rules",
]
