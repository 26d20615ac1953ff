"""Every table, imported once, so that the metadata is whole."""

from models import rules
from models.base import Base
from models.booking import (
    BookingBatch,
    BookingRequest,
    BookingRequestDoctor,
    BookingRequestHospital,
    Conflict,
    PlanningRun,
)
from models.calendar_feeds import CalendarFeed
from models.deliveries.tables import Delivery, DeliveryCursor
from models.hospitals import Hospital, Opening, OperatingException, OperatingHours
from models.operations import IdempotencyKey, OutboxMessage
from models.people import Doctor, DoctorSpecialty, Patient, User
from models.rescheduling.tables import FormerHour, Reschedule, RescheduledAppointment, RescheduleEvent
from models.schedule import Appointment, Availability
from models.validation.tables import Finding, Fragility, HourValue, Sighting, ValidationReport

__all__ = [
    "Appointment",
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
    "User",
    "ValidationReport",
    "rules",
]
