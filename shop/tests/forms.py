"""A page's forms as a browser without scripts sends them: what the checkout's tests drive."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any


@dataclass
class Form:
    """Where it goes, and what it would send as it stands."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: dict[str, str] = field(default_factory=dict)  # label: where that sends it instead
    choices: dict[str, list[str]] = field(default_factory=dict)  # the values of radio buttons


class Forms(HTMLParser):
    """The forms of a page, in their order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._within = ""  # "select" or "button"
        self._goes = self._select = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(Form(given.get("action", "")))
        elif self.found and tag == "input" and "name" in given:
            self._input(self.found[-1], given)
        elif tag == "select":
            self._select = given["name"]
        elif tag == "option" and "selected" in given:
            self.found[-1].fields[self._select] = given["value"]
        elif tag == "button" and self.found:
            self._within = "button"
            self._goes = given.get("formaction", self.found[-1].action)

    def _input(self, form: Form, given: dict[str, str]) -> None:
        if given.get("type") == "radio":
            form.choices.setdefault(given["name"], []).append(given["value"])
            if "checked" not in given:
                return
        form.fields[given["name"]] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "button":
            self._within = ""

    def handle_data(self, data: str) -> None:
        if self._within == "button" and data.strip():
            self.found[-1].buttons.setdefault(data.strip(), self._goes)


@dataclass
class Visitor:
    """Somebody who reads pages and sends their forms; `page` is what was answered last."""

    client: Any  # Django's
    page: Any = None

    @property
    def text(self) -> str:
        return str(self.page.content.decode())

    @property
    def at(self) -> str:
        """The page's address."""
        return str(self.page.request["PATH_INFO"])

    def open(self, path: str) -> None:
        self.page = self.client.get(path, follow=True)

    def press(self, button: str, *, pick: int | None = None, **typed: str) -> None:
        """Send the first form that has the button (its name begins so), what was typed filled in,
        of its radio buttons the one with that number picked; and follow where it leads."""
        for form in Forms(self.text).found:
            for label, goes in form.buttons.items():
                if label.startswith(button):
                    chosen = {name: values[pick or 0] for name, values in form.choices.items()}
                    fields = form.fields | (chosen if pick is not None else {}) | typed
                    self.page = self.client.post(goes, fields, follow=True)
                    return
        raise AssertionError(f"There is no button {button} at {self.at}: {self.text}")
