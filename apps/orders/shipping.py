"""Ways of delivery in words. Which they are is the cart's affair: one that has no name here is
told by its code."""

NAMES = {"standard": "Standard", "express": "Express", "pickup": "Pick up in Hamburg"}


def method_name(method: str) -> str:
    """The way of delivery in words, else its code; empty for none."""
    return NAMES.get(method, method)
