"""The schedule's grid as a hand with a mouse meets it: places named by a doctor and an hour."""

from dataclasses import dataclass

from playwright.sync_api import FloatRect, Locator, Page, expect

from tests.api.town import MONDAY
from tests.workers.waiting import until


def open_grid(page: Page, **address: str) -> "Grid":
    """The grid of a hospital's day: the town's Monday unless the address says otherwise."""
    asked = {"hospital": "central", "date": str(MONDAY), "as": "grid"} | address
    page.goto("/app/schedule?" + "&".join(f"{name}={value}" for name, value in asked.items()))
    return Grid(page)


def span(start: str, end: str) -> str:
    """A period as pages write it."""
    return f"{start}\N{EN DASH}{end}"


@dataclass
class Grid:
    """What stands on the page's grid, and what a hand can do there."""

    page: Page

    @property
    def rows(self) -> list[str]:
        """The labels of the hours, from the top."""
        labels = self.page.locator(".ec-body .ec-sidebar time")
        expect(labels.last).not_to_be_empty()
        return labels.all_text_contents()

    @property
    def doctors(self) -> list[str]:
        """The names above the columns, from the left."""
        names = self.page.locator(".ec-col-head b")
        expect(names.last).not_to_be_empty()
        return names.all_text_contents()

    def appointment(self, patient: str) -> Locator:
        return self.page.get_by_role("button", name=f", {patient},")

    def availability(self, doctor: str) -> Locator:
        return self.page.get_by_role("button", name=f"{doctor}: change or withdraw")

    def click(self, doctor: str, hour: str) -> None:
        self.page.mouse.click(*self.at(doctor, hour))

    def drag(self, doctor: str, first: str, last: str) -> None:
        """Draw over the hours from one to another."""
        start, end = self.at(doctor, first, down=0.25), self.at(doctor, last)
        self.page.mouse.move(*start)
        self.page.mouse.down()
        self.page.mouse.move(*end, steps=5)
        self.page.mouse.up()

    def move(self, patient: str, doctor: str, hour: str) -> None:
        """Drag an appointment by its middle to an hour."""
        target = self.at(doctor, hour)
        self.take(patient)
        self.page.mouse.move(*target, steps=8)
        self.page.mouse.up()

    def take(self, patient: str) -> None:
        """Press the mouse's button in the middle of an appointment."""
        place = box(self.appointment(patient))
        self.page.mouse.move(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
        self.page.mouse.down()

    def at(self, doctor: str, hour: str, *, down: float = 0.5) -> tuple[float, float]:
        """A point in an hour's row, `down` of its height below its top, near the right end of a doctor's column."""
        row, rows = self.rows.index(hour), len(self.rows)
        column = self.page.locator(".ec-body .ec-day").nth(self.doctors.index(doctor))
        place = box(column)
        return place["x"] + 0.8 * place["width"], place["y"] + place["height"] * (row + down) / rows


def box(locator: Locator) -> FloatRect:
    """Where an element is. One that is drawn anew just now has no place until it stands again."""
    return until(locator.bounding_box, what=f"a place of {locator}")
