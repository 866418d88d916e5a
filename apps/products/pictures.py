"""Pictures of products, drawn: a shape in a colour, so that the blue mug is blue.

A recipe is "<shape>-<colour>", as "mug-blue"; with one of `VIEWS` behind it, the same seen
otherwise. Every drawing brings its own soft ground, so it looks the same on a light page and on a
dark one. The shapes lie in `shapes/`: on a field of 400 by 400, standing on y = 320; in them $c is
the colour, $l lighter, $d darker, $p pale as the ground, $w wood, $m metal.
"""

from functools import cache, lru_cache
from pathlib import Path
from string import Template

import resvg_py

CLOSE = "-close"  # from nearby
PAIR = "-pair"  # two of them, one behind the other
VIEWS = ("", CLOSE, PAIR)
SIZE = 400  # width and height of every drawing, in CSS pixels
PAINTED = 600  # width and height of a PNG, in pixels
NONE_YET = "blanket-cream"  # stands for an article that nobody has given a picture
NONE_YET_ALT = "No picture of it yet"
COLOURS = {
    "blue": "#3b6fb6",
    "navy": "#2f4468",
    "teal": "#2f8f8b",
    "green": "#5b8f57",
    "mustard": "#d9a233",
    "orange": "#d97a3f",
    "red": "#c2504b",
    "pink": "#d98a9c",
    "plum": "#7d5580",
    "oak": "#b98a5a",
    "cream": "#e8dcc2",
    "grey": "#8d959c",
    "graphite": "#454b52",
}
SHAPES = {
    file.stem: Template(file.read_text().rstrip())
    for file in sorted(Path(__file__).with_name("shapes").glob("*.svg"))
}
FRAME = Template("""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="$view" width="400" height="400">
<defs><radialGradient id="g" cx=".5" cy=".4" r=".75"><stop offset="0" stop-color="$p"/>\
<stop offset="1" stop-color="$ground"/></radialGradient></defs>
<rect width="400" height="400" fill="url(#g)"/>
$things
</svg>
""")
THING = Template("""\
<ellipse cx="200" cy="322" rx="122" ry="14" fill="$shade" opacity=".22"/>
$shape""")
TWO = Template("""\
<g transform="translate(132 66) scale(.64)">
$thing
</g>
<g transform="translate(6 92) scale(.7)">
$thing
</g>""")


def names() -> list[str]:
    """Every shape in every colour, seen from afar."""
    return [f"{shape}-{colour}" for shape in SHAPES for colour in COLOURS]


def recipes() -> list[str]:
    """The same, each in every view."""
    return [name + view for name in names() for view in VIEWS]


def exists(name: str) -> bool:
    """Whether it is a recipe, in whatever view."""
    shape, colour, _ = _parts(name)
    return shape in SHAPES and colour in COLOURS


@cache
def draw(name: str) -> str:
    """The SVG of a recipe. Raises KeyError when there is none."""
    shape, colour, view = _parts(name)
    paint = COLOURS[colour]
    colours = {
        "c": paint,
        "l": _mix(paint, "#ffffff", 0.22),
        "d": _mix(paint, "#1c2430", 0.28),
        "p": _mix(paint, "#fbf8f2", 0.88),
        "ground": _mix(paint, "#efe9de", 0.74),
        "shade": _mix(paint, "#1c2430", 0.7),
        "w": "#b98a5a",
        "m": "#b4bcc4",
    }
    thing = THING.substitute(colours, shape=SHAPES[shape].substitute(colours))
    return FRAME.substitute(
        colours,
        view="90 60 220 220" if view == CLOSE else "0 0 400 400",
        things=TWO.substitute(thing=thing) if view == PAIR else thing,
    )


@lru_cache(maxsize=64)  # 45 kB and a tenth of a second each
def paint(name: str) -> bytes:
    """The same as a PNG, for those who take no SVG: networks that show a link with a picture."""
    return resvg_py.svg_to_bytes(svg_string=draw(name), width=PAINTED, skip_system_fonts=True)


def _parts(name: str) -> tuple[str, str, str]:
    """Shape, colour and view that a recipe's name says, whether they exist or not."""
    view = next((view for view in (CLOSE, PAIR) if name.endswith(view)), "")
    shape, _, colour = name.removesuffix(view).partition("-")
    return shape, colour, view


def _mix(paint: str, other: str, share: float) -> str:
    """`paint` with that share (0 to 1) of `other` in it."""
    mixed = (
        round(int(paint[at : at + 2], 16) * (1 - share) + int(other[at : at + 2], 16) * share)
        for at in (1, 3, 5)
    )
    return "#" + "".join(f"{part:02x}" for part in mixed)
