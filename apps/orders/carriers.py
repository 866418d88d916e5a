"""Where a parcel can be followed, with the carriers that say so by an address."""

from urllib.parse import quote

PAGES = {
    "dhl": "https://www.dhl.com/global-en/home/tracking.html?tracking-id={}",
    "fedex": "https://www.fedex.com/fedextrack/?trknbr={}",
    "gls": "https://gls-group.eu/track/{}",
    "ups": "https://www.ups.com/track?tracknum={}",
}


def tracking_url(carrier: str, tracking: str) -> str:
    """The carrier's page about the parcel; "" where none is known."""
    page = PAGES.get(carrier.strip().lower())
    return page.format(quote(tracking, safe="")) if page and tracking else ""
