"""Each thing that is asked of every page is found missing where it is: on pages made for that."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from shop.tests.browsing import chromium
from shop.tests.inspection import MOST, Inspector
from shop.tests.keyboard import Keyboard

pytestmark = pytest.mark.browser
Visit = Callable[[str], Any]
PAGE = """<!doctype html><html lang="en"><head><title>A page</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"></head><body><main><h1>A page</h1>{}</main></body></html>"""
NOISE = random.Random(1).randbytes(MOST + 1000).hex()  # half of it is left by gzip
LATE = """<script>requestAnimationFrame(() => requestAnimationFrame(() => document
  .querySelector("h1").before(Object.assign(document.createElement("p"), {textContent: "Late"}))))
  </script>"""
BROKEN = {
    "good": "<p>Nothing is wrong here.</p>",
    "unnamed": '<img src="data:,"><button></button>',
    "pale": '<p style="color: #999; background: #fff">Hardly to be read</p>',
    "dark": """<style>@media (prefers-color-scheme: dark) { p { color: #555; background: #000 } }
      </style><p>Hardly to be read at night</p>""",
    "small": '<div style="line-height: 1"><button style="width: 9px; height: 9px; padding: 0" '
    'aria-label="A"></button><button style="width: 9px; height: 9px; padding: 0" aria-label="B">'
    "</button></div>",
    "wide": '<p style="width: 350px">Wider than the narrowest window</p>',
    "moving": f"<p>Below</p><script>document.body.offsetHeight</script>{LATE}",
    "failing": "<script>missing()</script>",
    "talking": "<script>console.error('Oh no')</script>",
    "without-picture": '<img src="/nothing.png" alt="Nothing" width="9" height="9">',
    "without-server": '<img src="http://127.0.0.1:9/" alt="Nothing" width="9" height="9">',
    "forbidden": "<script>let one = 1</script>",
    "heavy-scripts": '<script src="/noise.js"></script>',
    "heavy-styles": '<link rel="stylesheet" href="/noise.css">',
}
FOCUSED = {
    "seen": '<p><a href="/good">Go on</a></p>',
    "unseen": '<p><a href="/good" style="outline: none">Go on</a></p>',
    "covered": """<p><a href="/good">Go on</a></p>
      <div style="position: fixed; inset: 0; background: #fff"></div>""",
}
FILES = {
    "noise.js": ("text/javascript", f"const it = '{NOISE}'"),
    "noise.css": ("text/css", f"/* {NOISE} */"),
}


PAGES = BROKEN | FOCUSED


class Broken(BaseHTTPRequestHandler):
    """Serves these pages."""

    def do_GET(self) -> None:
        name = self.path.strip("/")
        found = ("text/html", PAGE.format(PAGES[name])) if name in PAGES else FILES.get(name)
        kind, text = found or ("text/plain", "")
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        if name == "forbidden":
            self.send_header("Content-Security-Policy", "script-src 'self'")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *words: Any) -> None:
        """Nothing is told of it."""


@pytest.fixture(scope="module")
def visit() -> Iterator[Visit]:
    """`with visit(name) as (page, inspector)`: that page, watched from the beginning."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Broken)
    Thread(target=server.serve_forever, daemon=True).start()
    with chromium() as browser:

        @contextmanager
        def visiting(name: str) -> Iterator[tuple[Any, Inspector]]:
            inspector, page = Inspector(), browser.new_page()
            inspector.watch(page)
            page.goto(f"http://127.0.0.1:{server.server_port}/{name}")
            yield page, inspector
            page.close()

        yield visiting
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("name", "words"),
    {
        "unnamed": "critical (light) image-alt",
        "pale": "serious (light) color-contrast",
        "dark": "serious (dark) color-contrast",
        "small": "serious (light) target-size",
        "wide": "px too wide at 320 px",
        "moving": "it moves while it loads: 0.0",
        "failing": "page error: missing is not defined",
        "talking": "console: Oh no",
        "without-picture": "404: http://127.0.0.1:",
        "without-server": "request failed: http://127.0.0.1:9/",
        "forbidden": "Content Security Policy",
        "heavy-scripts": "bytes of scripts, 30720 are the most",
        "heavy-styles": "bytes of styles, 30720 are the most",
    }.items(),
)
def test_what_is_wrong_is_found(visit: Visit, name: str, words: str) -> None:
    with visit(name) as (page, inspector):
        if name == "moving":
            page.get_by_text("Late").wait_for()
        inspector(page, name)
    assert any(words in one for one in inspector.wrong), inspector.wrong


def test_with_a_good_page_nothing_is_wrong(visit: Visit) -> None:
    with visit("good") as (page, inspector):
        inspector(page, "good")
    assert inspector.wrong == []


@pytest.mark.parametrize(
    ("name", "wrong"),
    {
        "seen": [],
        "unseen": ["'Go on' has no outline"],
        "covered": ["'Go on' is hidden"],
    }.items(),
)
def test_a_focus_that_is_not_seen_is_found(visit: Visit, name: str, wrong: list[str]) -> None:
    with visit(name) as (page, _):
        keys, address = Keyboard(page), page.url
        keys.press("Go on")
    assert keys.wrong == [f"{address}: {one}" for one in wrong]


def test_what_tab_does_not_reach_is_told(visit: Visit) -> None:
    with visit("good") as (page, _), pytest.raises(AssertionError, match="never came to 'Go on'"):
        Keyboard(page).press("Go on")
