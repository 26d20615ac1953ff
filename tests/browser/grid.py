"""The schedule's grid as a hand with a mouse meets it: places named by a doctor and an hour."""

from dataclasses import dataclass

from playwright.sync_api import FloatRect, Locator, Page, expect

from tests.api.town import MONDAY


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
        self.page.mouse.move(*self.at(doctor, first, down=0.25))
        self.page.mouse.down()
        self.page.mouse.move(*self.at(doctor, last), steps=5)
        self.page.mouse.up()

    def move(self, patient: str, doctor: str, hour: str) -> None:
        """Drag an appointment by its middle to an hour."""
        box = _box(self.appointment(patient))
        self.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        self.page.mouse.down()
        self.page.mouse.move(*self.at(doctor, hour), steps=8)
        self.page.mouse.up()

    def at(self, doctor: str, hour: str, *, down: float = 0.5) -> tuple[float, float]:
        """A point in an hour's row, `down` of its height below its top, near the right end of a doctor's column."""
        row, rows = self.rows.index(hour), len(self.rows)
        column = self.page.locator(".ec-body .ec-day").nth(self.doctors.index(doctor))
        box = _box(column)
        return box["x"] + 0.8 * box["width"], box["y"] + box["height"] * (row + down) / rows


def _box(locator: Locator) -> FloatRect:
    expect(locator).to_be_visible()
    box = locator.bounding_box()
    assert box
    return box
