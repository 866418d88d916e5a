"""What can be said of a typed card without asking anybody."""

import re
from datetime import date

NUMBER = re.compile(r"[0-9]{12,19}")
EXPIRY = re.compile(r"(0?[1-9]|1[0-2]) ?/ ?(?:20)?([0-9]{2})")
LONGEST_LIFE = 25  # years; a card that is good for longer is a typing error


def digits_of(number: str) -> str:
    """The number without the spaces and hyphens that people write."""
    return re.sub(r"[ -]", "", number)


def problems(*, number: str, month: int, year: int, cvc: str, today: date) -> dict[str, str]:
    """What is wrong with the card, by field ("number", "expiry", "cvc"); empty when nothing is.

    `number` is digits only and `year` has four. The messages never repeat what was typed.
    """
    length = 4 if number.startswith(("34", "37")) else 3  # American Express prints four
    found = {}
    if not NUMBER.fullmatch(number) or not passes_luhn(number):
        found["number"] = "Check the card number: a digit is wrong or missing."
    if (year, month) < (today.year, today.month):
        found["expiry"] = "This card has expired."
    elif not 1 <= month <= 12 or year > today.year + LONGEST_LIFE:
        found["expiry"] = "Enter the expiry date as it is on the card."
    if not re.fullmatch(rf"[0-9]{{{length}}}", cvc):
        found["cvc"] = f"Enter the {length} digits of the security code."
    return found


def passes_luhn(number: str) -> bool:
    """Whether the last digit fits the others (ISO/IEC 7812-1)."""
    digits = [int(digit) for digit in reversed(number)]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def expiry_of(text: str) -> tuple[int, int] | None:
    """(month, four-digit year) of "MM/YY" or "MM/YYYY"; None for anything else."""
    match = EXPIRY.fullmatch(text.strip())
    return (int(match[1]), 2000 + int(match[2])) if match else None
