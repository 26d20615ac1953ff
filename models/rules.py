"""The scheduling rules that SQLAlchemy has no words for, as PostgreSQL 18 temporal constraints.

`WITHOUT OVERLAPS` makes a key of which no two rows may overlap in time; a foreign key with `PERIOD` asks that the
referenced rows, joined where they touch, cover the referring period at every instant. Source: PostgreSQL 18 manual,
CREATE TABLE. The foreign keys are deferrable so that one transaction can change openings, availabilities and
appointments together and be judged at its commit.

The migrations hold a frozen copy of these statements; `tests/models/test_rules.py` compares the two.
"""

from dataclasses import dataclass

from sqlalchemy import DDL, event

from models.base import Base


@dataclass(frozen=True, slots=True)
class Rule:
    """A named constraint of one table."""

    name: str
    table: str
    definition: str

    @property
    def statement(self) -> str:
        """The SQL statement that adds this rule to its table."""
        return f"ALTER TABLE {self.table} ADD CONSTRAINT {self.name} {self.definition}"


RULES = (
    Rule("opening_no_overlap", "opening", "UNIQUE (hospital_id, during WITHOUT OVERLAPS)"),
    Rule("availability_one_place_at_a_time", "availability", "UNIQUE (doctor_id, during WITHOUT OVERLAPS)"),
    # Follows from the rule above; it is what appointments refer to.
    Rule("availability_by_hospital", "availability", "UNIQUE (doctor_id, hospital_id, during WITHOUT OVERLAPS)"),
    Rule(
        "availability_within_openings",
        "availability",
        "FOREIGN KEY (hospital_id, PERIOD during) REFERENCES opening (hospital_id, PERIOD during) DEFERRABLE",
    ),
    Rule("appointment_doctor_free", "appointment", "UNIQUE (doctor_id, occupies WITHOUT OVERLAPS)"),
    Rule("appointment_patient_free", "appointment", "UNIQUE (patient_id, occupies WITHOUT OVERLAPS)"),
    Rule(
        "appointment_within_availability",
        "appointment",
        "FOREIGN KEY (doctor_id, hospital_id, PERIOD occupies)"
        " REFERENCES availability (doctor_id, hospital_id, PERIOD during) DEFERRABLE",
    ),
)

EXTENSION = "CREATE EXTENSION IF NOT EXISTS btree_gist"

event.listen(Base.metadata, "before_create", DDL(EXTENSION))  # type: ignore[no-untyped-call]
# After all tables, since rules refer to each other's tables; in this order, since they refer to each other's keys.
for _rule in RULES:
    event.listen(Base.metadata, "after_create", DDL(_rule.statement))  # type: ignore[no-untyped-call]
