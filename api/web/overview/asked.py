"""What the address of the overview asks for. The address holds the whole state of the page."""

from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from api.named import Reference
from api.overview import LATELY
from api.times import LocalDate
from api.web.forms import Left
from api.web.rendering import query

WEEKS = (1, 2, 3, 4, 5)
DAYS = (7, 30, 90, 365)
RUNS, MORE_RUNS = 8, 100


class Asked(BaseModel):
    """The parameters of an address. `hospital`, `first`: None is the page's to choose.

    `days`: how far back what has happened is counted; `runs`: how many planning runs are shown.
    """

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    hospital: Annotated[Reference | None, Left] = None
    first: Annotated[LocalDate | None, Left] = Field(None, alias="from")
    weeks: int = Field(2, ge=min(WEEKS), le=max(WEEKS))
    days: int = Field(LATELY, ge=1, le=366)
    runs: int = Field(RUNS, ge=1, le=MORE_RUNS)

    def address(self, path: str = "/app/overview", **changes: Any) -> str:  # Any: of the parameter that changes
        """The address of the same page, or of a part of it, with some parameters changed."""
        values = self.model_copy(update=changes).model_dump(mode="json", by_alias=True)
        return path + query({name: None if value is None else str(value) for name, value in values.items()})


AskedFor = Annotated[Asked, Query()]
