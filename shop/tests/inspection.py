"""What every page must keep to, looked at in one visit: an `Inspector` is a `Shoot` that takes no
pictures but notes what is wrong and what a page weighs. docs/pages.md says what is asked."""

import gzip
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.request import urlopen

from shop.tests.browsing import Watch

NARROW, WIDE = 390, 1280  # pages load in turns at the one and the other
WIDTHS = (1440, WIDE, NARROW, 320)  # CSS pixels; the narrowest last: axe measures targets there
HEIGHT = 900
MOST = 30 * 1024  # bytes of scripts, and as many of styles, as gzip leaves them
GRAVE = ("serious", "critical")
LIGHT = {"rules": {"target-size": {"enabled": True}}}  # all rules, and WCAG 2.5.8
DARK = {"runOnly": ["color-contrast", "link-in-text-block"]}  # all that a theme can break
AXE = """options => axe.run({ exclude: ["iframe"] }, { ...options, resultTypes: ["violations"] })
  .then(({ violations }) => violations.map(one => ({
    impact: one.impact, rule: one.id, where: one.nodes.map(node => node.target.join(" "))})))"""
SHIFTS = """() => new Promise(resolve => {
  const loaded = performance.getEntriesByType("navigation")[0].loadEventEnd + 500;  // ms; news comes later
  let sum = 0;
  new PerformanceObserver(list => {
    for (const one of list.getEntries())
      if (!one.hadRecentInput && one.startTime < loaded) sum += one.value;
  }).observe({ type: "layout-shift", buffered: true });
  requestAnimationFrame(() => setTimeout(() => resolve(sum), 50));  // what was buffered comes as a task
})"""
FILES = """() => [
  [...document.scripts].map(it => it.src).filter(Boolean),
  [...document.querySelectorAll("link[rel~=stylesheet]")].map(it => it.href),
]"""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What a page weighs and how much it moves."""

    url: str
    scripts: int  # bytes, as gzip leaves them
    styles: int  # the same
    shift: float  # without unit: of the screen, times how far


@dataclass
class Inspector:
    """`inspector(page, name)` looks at the page as it is; `wrong` names what it found."""

    wrong: list[str] = field(default_factory=list)
    figures: dict[str, Figures] = field(default_factory=dict)
    spared: Collection[str] = ()  # names of pages that are not ours

    def watch(self, page: Any) -> Watch:
        """From now on, what goes wrong in the page is found as well."""
        watch = Watch(wrong=self.wrong, errors_expected=True)
        watch.attach(page)
        page.set_viewport_size({"width": NARROW, "height": HEIGHT})
        return watch

    def __call__(self, page: Any, name: str) -> None:
        if name in self.spared:
            return
        page.wait_for_load_state()
        loaded_at = page.viewport_size["width"]
        figures = weigh(page)
        self.figures[name] = figures
        found = [*_heavy(figures), *_too_wide(page), *_grave(page)]
        self.wrong += [f"{name} ({page.url}): {one}" for one in found]
        next_width = NARROW if loaded_at == WIDE else WIDE
        page.set_viewport_size({"width": next_width, "height": HEIGHT})


def weigh(page: Any) -> Figures:
    """Its scripts, styles and shifts since it began to load."""
    scripts, styles = page.evaluate(FILES)
    return Figures(
        url=page.url,
        scripts=sum(map(zipped, scripts)),
        styles=sum(map(zipped, styles)),
        shift=round(page.evaluate(SHIFTS), 4),
    )


@cache
def zipped(url: str) -> int:
    """Bytes of what lies there, compressed as WhiteNoise does it for production."""
    with urlopen(url, timeout=10) as response:  # noqa: S310
        return len(gzip.compress(response.read(), compresslevel=9, mtime=0))


def _heavy(figures: Figures) -> Iterator[str]:
    if figures.shift:
        yield f"it moves while it loads: {figures.shift}"
    for kind, size in {"scripts": figures.scripts, "styles": figures.styles}.items():
        if size > MOST:
            yield f"{size} bytes of {kind}, {MOST} are the most"


def _too_wide(page: Any) -> Iterator[str]:
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        over = page.evaluate(
            "() => { const it = document.documentElement; return it.scrollWidth - it.clientWidth }"
        )
        if over:
            yield f"{over} px too wide at {width} px"


def _grave(page: Any) -> Iterator[str]:
    """In both themes, at the width that the page has."""
    page.evaluate(_axe())
    for theme, options in {"dark": DARK, "light": LIGHT}.items():
        page.emulate_media(color_scheme=theme)
        for one in page.evaluate(AXE, options):
            if one["impact"] in GRAVE:
                yield f"{one['impact']} ({theme}) {one['rule']}: {', '.join(one['where'][:3])}"


@cache
def _axe() -> str:
    return files("axe_playwright_python").joinpath("axe.min.js").read_text()
