"""What the levels call things."""


def column_of(level: int) -> str:
    """Of orders_order, since that level."""
    return f"chaos_{level}"


def brand_of(level: int) -> str:
    """What payments.processed calls the brand of the card, in its version `level` + 1."""
    return f"brand_{level}" if level else "brand"
