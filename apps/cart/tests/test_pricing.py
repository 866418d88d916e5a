from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.cart.pricing import tax_in, totals
from apps.cart.rates import COUNTRIES, FREE_STANDARD_OVER

cents = st.integers(1, 1_234_500).map(lambda amount: Decimal(amount) / 100)
baskets = st.lists(st.tuples(cents, st.integers(1, 99)), min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("amount", "percent", "tax"),
    [
        ("119.00", "19", "19.00"),
        ("14.90", "19", "2.38"),  # 2.3790
        ("0.99", "19", "0.16"),  # 0.1581
        ("0.63", "20", "0.11"),  # 0.105 exactly: half up
        ("0.21", "20", "0.04"),  # 0.035 exactly: half up, not to even
        ("100.00", "0", "0.00"),
    ],
)
def test_the_tax_that_an_amount_includes(amount, percent, tax):
    assert tax_in(Decimal(amount), Decimal(percent)) == Decimal(tax)


@given(baskets, st.sampled_from(sorted(COUNTRIES)), st.sampled_from(["standard", "express"]))
def test_totals_are_sums_of_rounded_lines_exact_to_the_cent(lines, country, method):
    sums = totals(lines, country=country, method=method)
    rate = int(COUNTRIES[country].tax)
    in_cents = [int(price * 100) * quantity for price, quantity in lines]
    shipping = int(sums.shipping * 100)
    # Half up in whole numbers: floor(x / y + 1/2) = (2x + y) // 2y
    taxes = [
        (2 * amount * rate + 100 + rate) // (2 * (100 + rate)) for amount in [*in_cents, shipping]
    ]
    assert sums.subtotal * 100 == sum(in_cents)
    assert sums.tax * 100 == sum(taxes)
    assert sums.total == sums.subtotal - sums.discount + sums.shipping
    assert all(
        amount == amount.quantize(Decimal("0.01"), ROUND_HALF_UP) and amount >= 0
        for amount in (sums.subtotal, sums.discount, sums.shipping, sums.tax, sums.total)
    )


@pytest.mark.parametrize(
    ("price", "method", "shipping"),
    [
        (FREE_STANDARD_OVER, "standard", "4.90"),
        (FREE_STANDARD_OVER + Decimal("0.01"), "standard", "0.00"),
        (FREE_STANDARD_OVER + Decimal("0.01"), "express", "12.90"),
    ],
)
def test_standard_shipping_is_free_over_a_sum(price, method, shipping):
    sums = totals([(price, 1)], country="DE", method=method)
    assert sums.shipping == Decimal(shipping)


def test_nowhere_and_no_method_are_refused():
    with pytest.raises(KeyError):
        totals([(Decimal(1), 1)], country="XX", method="standard")
    with pytest.raises(ValueError, match="pigeon"):
        totals([(Decimal(1), 1)], country="DE", method="pigeon")
