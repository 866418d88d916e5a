"""Each thing that is asked of every page is found missing where it is: on pages made for that."""

import random
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from shop.tests.browsing import chromium
from shop.tests.inspection import MOST, Inspector

pytestmark = pytest.mark.browser
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
FILES = {
    "noise.js": ("text/javascript", f"const it = '{NOISE}'"),
    "noise.css": ("text/css", f"/* {NOISE} */"),
}


class Broken(BaseHTTPRequestHandler):
    """Serves the pages of `BROKEN`."""

    def do_GET(self) -> None:
        name = self.path.strip("/")
        found = ("text/html", PAGE.format(BROKEN[name])) if name in BROKEN else FILES.get(name)
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
def look() -> Iterator[Callable[[str], list[str]]]:
    """`look(name)`: what is wrong with that page."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Broken)
    Thread(target=server.serve_forever, daemon=True).start()
    with chromium() as browser:

        def looking(name: str) -> list[str]:
            inspector, page = Inspector(), browser.new_page()
            inspector.watch(page)
            page.goto(f"http://127.0.0.1:{server.server_port}/{name}")
            if name == "moving":
                page.get_by_text("Late").wait_for()
            inspector(page, name)
            page.close()
            return inspector.wrong

        yield looking
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
def test_what_is_wrong_is_found(look: Callable[[str], list[str]], name: str, words: str) -> None:
    wrong = look(name)
    assert any(words in one for one in wrong), wrong


def test_with_a_good_page_nothing_is_wrong(look: Callable[[str], list[str]]) -> None:
    assert look("good") == []
