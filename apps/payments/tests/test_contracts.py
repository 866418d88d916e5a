from eventbus.testing import contract_problems


def test_what_payments_says_and_reads_is_in_the_contract_files() -> None:
    assert contract_problems("payments") == []
