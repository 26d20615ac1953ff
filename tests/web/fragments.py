"""Reading fragments as a person does: their words, their forms, and the buttons that lead on."""

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Form:
    """A form: where it is sent, what its fields hold, and the buttons that send it by their words."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)
    buttons: dict[str, dict[str, str]] = field(default_factory=dict)


class Fragment(HTMLParser):
    """A fragment: `words` is its text, `forms` its forms, `leads` the addresses of buttons and links by their words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words = ""
        self.forms: list[Form] = []
        self.leads: dict[str, str] = {}
        self._pressed: dict[str, str | None] | None = None
        self._label = ""
        self._form: Form | None = None
        self.feed(text)
        self.words = " ".join(self.words.split())

    def form(self, action: str) -> Form:
        """The only form that is sent there."""
        (found,) = (form for form in self.forms if form.action == action)
        return found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self._form = Form(given.get("action") or "")
            self.forms.append(self._form)
        elif tag == "input" and self._form:
            self._field(given)
        elif tag in ("button", "a"):
            self._pressed, self._label = given, ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag in ("button", "a") and self._pressed is not None:
            label = " ".join(self._label.split())
            address = self._pressed.get("hx-get") or self._pressed.get("href")
            if address:
                self.leads[label] = address
            elif self._form:
                name, value = self._pressed.get("name"), self._pressed.get("value")
                self._form.buttons[label] = {name: value or ""} if name else {}
            self._pressed = None

    def handle_data(self, data: str) -> None:
        self.words += f"{data} "
        self._label += data

    def _field(self, given: dict[str, str | None]) -> None:
        assert self._form is not None
        name, value = given.get("name") or "", given.get("value") or ""
        if given.get("type") != "radio":
            self._form.fields[name] = value
            return
        if "disabled" not in given:
            self._form.choices.setdefault(name, []).append(value)
        if "checked" in given:
            self._form.fields[name] = value
