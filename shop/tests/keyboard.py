"""Somebody who has no mouse: Tab, Enter and typing, and the focus must be seen wherever it goes."""

import re
from dataclasses import dataclass, field
from typing import Any

STOPS_MOST = 250  # of one page
FOCUS = """() => {
  const it = document.activeElement, faults = [];
  if (!it || it === document.body) return null;
  const drawn = pseudo => {
    const style = getComputedStyle(it, pseudo);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  };
  const box = [...it.getClientRects()].find(one => one.width && one.height);
  const label = it.labels?.[0]?.innerText ?? it.getAttribute("aria-label") ?? it.innerText;
  if (!drawn() && !drawn("::after")) faults.push("has no outline");
  if (!box) faults.push("has no place on the page");
  else {
    const x = box.left + box.width / 2, y = box.top + box.height / 2;
    const above = document.elementFromPoint(x, y);  // null: outside the window
    if (!above || !(it.contains(above) || above.contains(it))) faults.push("is hidden");
  }
  const typed = it.matches("input:not([type=checkbox], [type=radio], [type=hidden]), textarea");
  return { name: (label ?? "").trim().replace(/\\s+/g, " "), faults, empty: typed && !it.value,
           main: it.id === "main" };
}"""


@dataclass
class Keyboard:
    """Of a page; `wrong` names where the focus was not seen."""

    page: Any
    wrong: list[str] = field(default_factory=list)

    def next(self) -> dict[str, Any] | None:
        """Where Tab leads; None when that is out of the page."""
        self.page.keyboard.press("Tab")
        stop: dict[str, Any] | None = self.page.evaluate(FOCUS)
        for fault in stop["faults"] if stop else ():
            self.wrong.append(f"{self.page.url}: {stop and stop['name']!r} {fault}")
        return stop

    def skip(self) -> None:
        """By the page's first stop to its content."""
        stop = self.next()
        assert stop is not None
        assert stop["name"] == "Skip to the content", stop
        self.page.keyboard.press("Enter")
        assert self.page.evaluate(FOCUS)["main"]

    def press(self, name: str, typing: dict[str, str] | None = None, *, tells: str = "") -> None:
        """Tab on to what has a name like this and press Enter, which opens another page or, in this
        one, `tells` something. On the way, type into the empty fields with these labels."""
        visited = []
        for _ in range(STOPS_MOST):
            stop = self.next()
            if stop is None:
                break
            visited.append(stop["name"])
            if stop["empty"] and stop["name"] in (typing or {}):
                self.page.keyboard.type((typing or {})[stop["name"]])
            elif re.match(name, stop["name"]):
                self._enter(tells)
                return
        raise AssertionError(f"Tab never came to {name!r} on {self.page.url}: {visited}")

    def _enter(self, tells: str) -> None:
        if tells:
            self.page.keyboard.press("Enter")
            self.page.get_by_role("status").get_by_text(tells).wait_for()
            return
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
