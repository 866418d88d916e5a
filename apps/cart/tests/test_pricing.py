from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.cart.pricing import Goods, percent_off, spread, tax_in, totals
from apps.cart.rates import COUNTRIES, HOME, Method

cents = st.integers(1, 1_234_500).map(lambda amount: Decimal(amount) / 100)
lines = st.builds(
    Goods,
    unit_price=cents,
    quantity=st.integers(1, 99),
    tax_class=st.sampled_from(["standard", "reduced"]),
)
baskets = st.lists(lines, min_size=1, max_size=20)
places = st.sampled_from(
    [(code, method) for code, country in COUNTRIES.items() for method in country.methods]
)


def money(text):
    return Decimal(text)


def goods(*amounts, tax_class="standard"):
    return [Goods(unit_price=money(each), quantity=1, tax_class=tax_class) for each in amounts]


@pytest.mark.parametrize(
    ("amount", "percent", "tax"),
    [
        ("119.00", "19", "19.00"),
        ("14.90", "19", "2.38"),  # 2.3790
        ("0.99", "19", "0.16"),  # 0.1581
        ("0.63", "20", "0.11"),  # 0.105 exactly: half up
        ("0.21", "20", "0.04"),  # 0.035 exactly: half up, not to even
        ("100.00", "0", "0.00"),
        ("10.00", "5.5", "0.52"),  # 0.5213
    ],
)
def test_the_tax_that_an_amount_includes(amount, percent, tax):
    assert tax_in(money(amount), money(percent)) == money(tax)


@pytest.mark.parametrize(
    ("subtotal", "percent", "off"),
    [
        ("44.70", "10", "4.47"),
        ("0.05", "10", "0.01"),  # 0.005 exactly: half up
        ("9.99", "100", "9.99"),
        ("9.99", "33.33", "3.33"),  # 3.329667
    ],
)
def test_a_percentage_is_rounded_half_up(subtotal, percent, off):
    assert percent_off(money(subtotal), money(percent)) == money(off)


@pytest.mark.parametrize(
    ("whole", "amounts", "parts"),
    [
        ("1.00", ["10.00", "10.00", "10.00"], ["0.34", "0.33", "0.33"]),  # equal: the first
        ("10.00", ["0.01", "19.99"], ["0.01", "9.99"]),  # 0.005 and 9.995: equal, the first
        ("5.00", ["30.00", "14.90"], ["3.34", "1.66"]),  # 3.3407 and 1.6592: the second has more
        ("0.01", ["1.00", "2.00"], ["0.00", "0.01"]),
        ("3.00", ["1.00", "2.00"], ["1.00", "2.00"]),
        ("0.00", ["0.00", "0.00"], ["0.00", "0.00"]),
    ],
)
def test_a_discount_is_spread_by_the_largest_remainder(whole, amounts, parts):
    assert spread(money(whole), [money(each) for each in amounts]) == [money(p) for p in parts]


def test_each_line_is_taxed_by_its_class_on_what_is_left_of_it():
    bought = [*goods("30.00"), *goods("10.70", tax_class="reduced")]
    sums = totals(bought, country="DE", method="express", discount=money("5.00"))
    first, second = sums.shares
    # 5.00 × 30.00 / 40.70 = 3.6855; 26.31 × 19 / 119 = 4.2007
    assert (first.discount, first.tax_rate, first.tax) == (money("3.69"), 19, money("4.20"))
    # 5.00 × 10.70 / 40.70 = 1.3145; 9.39 × 7 / 107 = 0.6142
    assert (second.discount, second.tax_rate, second.tax) == (money("1.31"), 7, money("0.61"))
    assert sums.shipping_tax == money("2.06")  # 12.90 × 19 / 119 = 2.0596
    assert (sums.tax, sums.total) == (money("6.87"), money("48.60"))


def test_a_class_that_nobody_told_us_of_is_taxed_in_full():
    [share] = totals(goods("11.90", tax_class="moon"), country="DE", method="standard").shares
    assert share.tax == money("1.90")


@given(baskets, places, st.data())
def test_totals_are_sums_of_rounded_lines_exact_to_the_cent(bought, place, data):
    country, method = place
    subtotal = sum(line.amount for line in bought)
    discount = Decimal(data.draw(st.integers(0, int(subtotal * 100)))) / 100
    sums = totals(bought, country=country, method=method, discount=discount)

    assert sums.subtotal == subtotal
    assert sums.total == sums.subtotal - sums.discount + sums.shipping
    assert sum(share.discount for share in sums.shares) == sums.discount == discount <= subtotal
    assert sum(share.tax for share in sums.shares) + sums.shipping_tax == sums.tax
    for line, share in zip(bought, sums.shares, strict=True):
        assert 0 <= share.discount <= line.amount
        exact = discount * line.amount / subtotal
        assert abs(share.discount - exact) < Decimal("0.01")
        assert share.tax == half_up(line.amount - share.discount, share.tax_rate)
    assert sums.shipping_tax == half_up(sums.shipping, COUNTRIES[country].tax["standard"])
    amounts = (sums.subtotal, sums.discount, sums.shipping, sums.tax, sums.total)
    assert all(amount == amount.quantize(money("0.01")) and amount >= 0 for amount in amounts)


def half_up(amount, rate):
    """In whole numbers: floor(x / y + 1/2) = (2x + y) // 2y, of tenths of a percent."""
    in_cents, tenths = int(amount * 100), int(rate * 10)
    return Decimal((2 * in_cents * tenths + 1000 + tenths) // (2 * (1000 + tenths))) / 100


@pytest.mark.parametrize(
    ("price", "discount", "country", "method", "shipping"),
    [
        ("60.00", "0.00", "DE", "standard", "4.90"),
        ("60.01", "0.00", "DE", "standard", "0.00"),
        ("60.01", "0.01", "DE", "standard", "4.90"),  # what is paid for the goods counts
        ("60.01", "0.00", "DE", "express", "12.90"),
        ("60.01", "0.00", "FR", "standard", "6.90"),
        ("80.01", "0.00", "FR", "standard", "0.00"),
        ("9999.00", "0.00", "US", "standard", "14.90"),
        ("1.00", "0.00", "DE", "pickup", "0.00"),
    ],
)
def test_shipping_is_by_country_and_free_over_a_sum(price, discount, country, method, shipping):
    sums = totals(goods(price), country=country, method=method, discount=money(discount))
    assert sums.shipping == money(shipping)


def test_every_country_is_complete():
    assert HOME in COUNTRIES
    for country in COUNTRIES.values():
        assert next(iter(country.methods)) is Method.STANDARD
        assert 0 <= country.tax["reduced"] <= country.tax["standard"] <= 27  # the Union's highest
    assert [code for code, c in COUNTRIES.items() if Method.PICKUP in c.methods] == [HOME]


@pytest.mark.parametrize("discount", ["-0.01", "10.01"])
def test_more_than_all_or_less_than_nothing_is_no_discount(discount):
    with pytest.raises(ValueError, match="discount"):
        totals(goods("10.00"), country="DE", method="standard", discount=money(discount))


def test_nowhere_and_no_method_are_refused():
    with pytest.raises(KeyError):
        totals(goods("1.00"), country="XX", method="standard")
    with pytest.raises(ValueError, match="pigeon"):
        totals(goods("1.00"), country="DE", method="pigeon")
    with pytest.raises(ValueError, match="not offered in France"):
        totals(goods("1.00"), country="FR", method="pickup")
