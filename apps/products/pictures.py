"""Pictures of products, drawn: a shape in a colour, so that the blue mug is blue.

A recipe is "<shape>-<colour>", as "mug-blue"; with `CLOSE` behind it, the same seen from nearby.
Every drawing brings its own soft ground, so it looks the same on a light page and on a dark one.
"""

from functools import cache
from string import Template

CLOSE = "-close"
SIZE = 400  # width and height of every drawing, in CSS pixels
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
# On a field of 400 by 400, standing on y = 320. $c is the colour, $l lighter, $d darker,
# $p pale as the ground, $w wood, $m metal.
SHAPES = {
    "mug": """
<path d="M262 178h26a42 42 0 0 1 0 96h-30" fill="none" stroke="$d" stroke-width="20"/>
<path d="M122 140h148v144a36 36 0 0 1-36 36h-76a36 36 0 0 1-36-36z" fill="$c"/>
<path d="M122 140h40v180h-4a36 36 0 0 1-36-36z" fill="$l"/>
<ellipse cx="196" cy="140" rx="74" ry="16" fill="$d"/>
<ellipse cx="196" cy="143" rx="62" ry="10" fill="#4a3428"/>""",
    "lamp": """
<rect x="192" y="190" width="16" height="118" fill="$m"/>
<ellipse cx="200" cy="310" rx="58" ry="12" fill="$d"/>
<ellipse cx="200" cy="304" rx="58" ry="12" fill="$c"/>
<ellipse cx="200" cy="206" rx="76" ry="12" fill="#fff3c4"/>
<path d="M156 84h88l36 122H120z" fill="$c"/>
<path d="M156 84h30l-20 122h-46z" fill="$l"/>
<ellipse cx="200" cy="84" rx="44" ry="8" fill="$d"/>""",
    "chair": """
<path d="M136 214l-14 106h14l20-106zM264 214l14 106h-14l-20-106z" fill="$w"/>
<path d="M160 214l-4 84h10l8-84zM240 214l4 84h-10l-8-84z" fill="#8a6440"/>
<path d="M142 92q58-20 116 0l8 108H134z" fill="$c"/>
<path d="M142 92q14-5 30-8l-4 116h-34z" fill="$l"/>
<path d="M122 196h156q10 0 10 14t-12 14H124q-12 0-12-14t10-14z" fill="$d"/>""",
    "backpack": """
<path d="M164 104q0-36 36-36t36 36" fill="none" stroke="$d" stroke-width="12"/>
<path d="M118 180q-18 8-18 40v56q0 14 18 14zM282 180q18 8 18 40v56q0 14-18 14z" fill="$d"/>
<path d="M118 176q0-82 82-82t82 82v118q0 26-26 26H144q-26 0-26-26z" fill="$c"/>
<path d="M118 176q0-70 58-80-26 30-26 80v144h-6q-26 0-26-26z" fill="$l"/>
<rect x="146" y="216" width="108" height="78" rx="16" fill="$d"/>
<path d="M146 240h108" stroke="$l" stroke-width="5"/>
<path d="M140 172h120" stroke="$d" stroke-width="7" stroke-linecap="round"/>
<rect x="226" y="240" width="7" height="22" rx="3" fill="$m"/>""",
    "notebook": """
<path d="M140 86h140q10 0 10 10v216q0 10-10 10H140z" fill="$p"/>
<path d="M128 78h140q12 0 12 12v216q0 12-12 12H128q-12 0-12-12V90q0-12 12-12z" fill="$c"/>
<path d="M128 78h24v240h-24q-12 0-12-12V90q0-12 12-12z" fill="$d"/>
<rect x="180" y="120" width="70" height="44" rx="5" fill="$l"/>
<path d="M192 136h46M192 148h30" stroke="$d" stroke-width="4" stroke-linecap="round"/>
<path d="M254 78h10v240h-10z" fill="$d"/>""",
    "headphones": """
<path d="M112 236v-22a88 88 0 0 1 176 0v22" fill="none" stroke="$d" stroke-width="18"/>
<path d="M122 200a79 79 0 0 1 156 0" fill="none" stroke="$l" stroke-width="6"/>
<rect x="92" y="218" width="54" height="96" rx="25" fill="$c"/>
<rect x="254" y="218" width="54" height="96" rx="25" fill="$c"/>
<rect x="134" y="226" width="22" height="80" rx="11" fill="$d"/>
<rect x="244" y="226" width="22" height="80" rx="11" fill="$d"/>
<rect x="102" y="232" width="10" height="60" rx="5" fill="$l"/>
<rect x="264" y="232" width="10" height="60" rx="5" fill="$l"/>""",
    "plant": """
<path d="M200 222q-70-10-84-92 74 4 84 92z" fill="#5d9a62"/>
<path d="M200 222q70-10 84-92-74 4-84 92z" fill="#4c8453"/>
<path d="M200 224q-42-70 0-146 42 76 0 146z" fill="#6fae72"/>
<path d="M200 224V96" stroke="#4c8453" stroke-width="4"/>
<path d="M140 222h120l-14 86q-2 12-14 12h-64q-12 0-14-12z" fill="$c"/>
<path d="M140 222h36l2 98h-10q-12 0-14-12z" fill="$l"/>
<rect x="130" y="208" width="140" height="28" rx="8" fill="$d"/>""",
    "blanket": """
<path d="M108 262q0-26 26-26h132q26 0 26 26v36q0 22-22 22H130q-22 0-22-22z" fill="$d"/>
<path d="M108 206q0-26 26-26h132q26 0 26 26v34q0 24-24 24H132q-24 0-24-24z" fill="$c"/>
<path d="M108 152q0-26 26-26h132q26 0 26 26v32q0 24-24 24H132q-24 0-24-24z" fill="$l"/>
<path d="M118 162h164M118 178h164" stroke="$c" stroke-width="6"/>
<path d="M118 222h164M118 286h164" stroke="$l" stroke-width="6" stroke-dasharray="18 12"/>""",
    "lantern": """
<path d="M160 122a40 46 0 0 1 80 0" fill="none" stroke="$m" stroke-width="9"/>
<path d="M148 146l24-30h56l24 30z" fill="$d"/>
<rect x="152" y="146" width="96" height="140" fill="#fdf0cf"/>
<path d="M200 190q30 40 0 66-30-26 0-66z" fill="#eda63a"/>
<path d="M200 220q12 18 0 34-12-16 0-34z" fill="#fbe08a"/>
<rect x="192" y="254" width="16" height="32" fill="#fffaf0"/>
<path d="M144 142h14v148h-14zM242 142h14v148h-14zM140 138h120v14H140z" fill="$c"/>
<rect x="130" y="284" width="140" height="36" rx="8" fill="$c"/>
<rect x="130" y="284" width="46" height="36" rx="8" fill="$l"/>""",
    "knife": """
<g transform="rotate(-38 200 200)">
<path d="M182 176h186q14 0 8 10-22 42-92 42H182z" fill="$m"/>
<path d="M182 206h160q-22 22-66 22h-94z" fill="#dfe5ea"/>
<rect x="170" y="170" width="16" height="64" rx="4" fill="#6d767e"/>
<path d="M46 180q0-8 10-8h114v56H76q-30 0-30-26z" fill="$c"/>
<path d="M46 180q0-8 10-8h114v16H46z" fill="$l"/>
<circle cx="86" cy="202" r="6" fill="$d"/><circle cx="138" cy="202" r="6" fill="$d"/>
</g>""",
    "bottle": """
<rect x="176" y="70" width="48" height="42" rx="8" fill="$d"/>
<rect x="182" y="106" width="36" height="18" fill="$m"/>
<path d="M178 122h44q34 22 34 62v112q0 24-24 24h-64q-24 0-24-24V184q0-40 34-62z" fill="$c"/>
<path d="M178 122h8q-20 24-20 64v110q0 16 8 24h-6q-24 0-24-24V184q0-40 34-62z" fill="$l"/>
<rect x="144" y="214" width="112" height="58" fill="$p"/>
<path d="M182 234h52M182 250h34" stroke="$c" stroke-width="5" stroke-linecap="round"/>""",
    "hat": """
<circle cx="200" cy="92" r="30" fill="$l"/>
<path d="M116 250q0-146 84-146t84 146z" fill="$c"/>
<path d="M116 250q0-130 66-144-30 40-30 144z" fill="$l"/>
<path d="M162 250q4-90 38-146M238 250q-4-90-38-146" fill="none" stroke="$d" stroke-width="5"/>
<rect x="102" y="240" width="196" height="68" rx="26" fill="$d"/>
<path d="M134 254v40M166 254v40M200 254v40M234 254v40M266 254v40" stroke="$c"
 stroke-width="7" stroke-linecap="round"/>""",
    "clock": """
<path d="M150 292l-20 28h22l16-20zM250 292l20 28h-22l-16-20z" fill="$d"/>
<circle cx="200" cy="200" r="112" fill="$c"/>
<path d="M200 88a112 112 0 0 0-79 191l14-14a92 92 0 0 1 65-157z" fill="$l"/>
<circle cx="200" cy="200" r="88" fill="#fdfaf3"/>
<path d="M200 126v14M200 260v14M126 200h14M260 200h14" stroke="$d" stroke-width="7"
 stroke-linecap="round"/>
<path d="M200 200v-50M200 200l36 22" stroke="#454b52" stroke-width="9" stroke-linecap="round"/>
<circle cx="200" cy="200" r="9" fill="$c"/>""",
    "bowl": """
<path d="M96 186h208q0 82-66 116H162q-66-34-66-116z" fill="$c"/>
<path d="M96 186h44q0 80 40 116h-18q-66-34-66-116z" fill="$l"/>
<rect x="160" y="296" width="80" height="24" rx="8" fill="$d"/>
<ellipse cx="200" cy="186" rx="104" ry="24" fill="$d"/>
<ellipse cx="200" cy="189" rx="90" ry="17" fill="$p"/>
<circle cx="170" cy="176" r="28" fill="#c2504b"/><circle cx="224" cy="174" r="30" fill="#d9a233"/>
<path d="M110 197q90 32 180 0l14-11q-4 26-10 34-92 30-188 0-6-14-10-34z" fill="$c"/>""",
}
FRAME = Template("""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="$view" width="400" height="400">
<defs><radialGradient id="g" cx=".5" cy=".4" r=".75"><stop offset="0" stop-color="$p"/>\
<stop offset="1" stop-color="$ground"/></radialGradient></defs>
<rect width="400" height="400" fill="url(#g)"/>
<ellipse cx="200" cy="322" rx="122" ry="14" fill="$shade" opacity=".22"/>$shape
</svg>
""")


def names() -> list[str]:
    """Every shape in every colour, seen from afar."""
    return [f"{shape}-{colour}" for shape in SHAPES for colour in COLOURS]


def recipes() -> list[str]:
    """The same, each also seen from nearby."""
    return [name + view for name in names() for view in ("", CLOSE)]


def exists(name: str) -> bool:
    """Whether it is a recipe, seen from afar or nearby."""
    shape, _, colour = name.removesuffix(CLOSE).partition("-")
    return shape in SHAPES and colour in COLOURS


@cache
def draw(name: str) -> str:
    """The SVG of a recipe. Raises KeyError when there is none."""
    shape, _, colour = name.removesuffix(CLOSE).partition("-")
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
    return FRAME.substitute(
        colours,
        view="90 60 220 220" if name.endswith(CLOSE) else "0 0 400 400",
        shape=Template(SHAPES[shape]).substitute(colours),
    )


def _mix(paint: str, other: str, share: float) -> str:
    """`paint` with that share (0 to 1) of `other` in it."""
    mixed = (
        round(int(paint[at : at + 2], 16) * (1 - share) + int(other[at : at + 2], 16) * share)
        for at in (1, 3, 5)
    )
    return "#" + "".join(f"{part:02x}" for part in mixed)
