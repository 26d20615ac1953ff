"""What the address of the schedule page asks for. The address holds the whole state of the page."""

import datetime as dt
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from api.named import Reference
from api.times import LocalDate
from api.web.forms import Left
from api.web.rendering import query
from models.inputs import MAX_CHOICES, Specialty

View = Literal["day", "week"]
Form = Literal["grid", "list"]

_Doctors = Annotated[list[Reference], Field(max_length=MAX_CHOICES)]


class Asked(BaseModel):
    """The parameters of an address; what is None is the page's to choose.

    `doctor`: show these (none: all who have anything in these days), narrowed by `specialty`. `also`: and these, even
    with nothing in these days. `part`: which part of the doctors, where there are too many for one page.
    """

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    hospital: Annotated[Reference | None, Left] = None
    date: Annotated[LocalDate | None, Left] = None
    view: View = "day"
    form: Form = Field("grid", alias="as")
    doctor: _Doctors = []
    specialty: Annotated[Specialty | None, Left] = None
    also: _Doctors = []
    part: int = Field(1, ge=1, le=1000)

    def address(self, path: str = "/app/schedule", **changes: Any) -> str:  # Any: of the parameter that changes
        """The address of the same page with some parameters changed; of the first part, unless that is one of them."""
        other = self.model_copy(update={"part": 1} | changes)
        return path + query(
            {
                "hospital": other.hospital,
                "date": dt.date.isoformat(other.date) if other.date else None,
                "view": other.view,
                "specialty": other.specialty,
                "doctor": other.doctor,
                "also": other.also,
                "part": str(other.part) if other.part > 1 else None,
                "as": other.form,
            }
        )


AskedFor = Annotated[Asked, Query()]
