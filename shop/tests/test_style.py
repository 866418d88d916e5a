"""The stylesheet and the pages' frame: small, legible in both themes, nothing inline."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import get_template
from django.test import Client
from django.urls import path

from shop.urls import urlpatterns as real

CSS = Path(settings.BASE_DIR, "shop/static/shop/shop.css").read_text()
PAIRS = [
    (words, ground)
    for words in ("ink", "muted", "link", "pine", "bad")
    for ground in ("paper", "surface")
]
PAIRS += [("muted", "sunken"), ("ink", "sunken"), ("pine", "sunken")]
PAIRS += [("on-pine", "pine"), ("on-pine", "pine-deep")]
PAIRS += [(mood, f"{mood}-paper") for mood in ("good", "warn", "bad")]


def framed(request: HttpRequest) -> HttpResponse:
    return render(request, "base.html")


urlpatterns = [path("framed/", framed), *real]


def theme(name: str) -> dict[str, str]:
    light, dark = re.findall(r":root \{(.*?)\}", CSS, re.S)
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", light if name == "light" else dark))


def luminance(colour: str) -> float:
    """Of WCAG 2.2, "relative luminance"."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", ["light", "dark"])
@pytest.mark.parametrize(("words", "ground"), PAIRS)
def test_words_stand_out_from_their_ground(name: str, words: str, ground: str) -> None:
    colours = theme(name)
    assert contrast(colours[words], colours[ground]) >= 4.5


@pytest.mark.parametrize("name", ["light", "dark"])
@pytest.mark.parametrize("ground", ["paper", "surface"])
def test_the_edge_of_a_field_can_be_seen(name: str, ground: str) -> None:
    colours = theme(name)
    assert contrast(colours["field-line"], colours[ground]) >= 3


def test_the_stylesheet_is_small() -> None:
    assert len(CSS.encode()) < 20_000


@pytest.mark.parametrize(
    "name", ["base.html", "400.html", "403.html", "403_csrf.html", "404.html", "500.html"]
)
def test_nothing_is_inline(name: str) -> None:
    source = Path(settings.BASE_DIR, "shop/templates", name).read_text()
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\bsrc=)", source)


@pytest.mark.urls(__name__)
@pytest.mark.django_db
def test_a_page_has_its_frame(client: Client) -> None:
    html = client.get("/framed/").content.decode()
    for part in ('href="#main"', '<main id="main"', 'role="status"', "shop/shop.css", "htmx"):
        assert part in html
    assert '"allowEval": false' in html
    assert '"includeIndicatorStyles": false' in html


def test_the_page_for_our_own_failure_needs_nothing() -> None:
    assert "shop/shop.css" in get_template("500.html").render()
