from eventbus.testing import contract_problems


def test_inventory_says_and_reads_what_the_contracts_promise():
    assert contract_problems("inventory") == []
