from apps.orders.quotes import Offer
from eventbus.contract_files import view_file_problems
from eventbus.testing import contract_problems


def test_events_and_views_fit_the_contract_files():
    assert contract_problems("orders") == []


def test_the_view_of_the_quote_fits_its_contract_file():
    assert view_file_problems(Offer, "cart.quote") == []
