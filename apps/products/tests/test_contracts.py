from eventbus.testing import contract_problems


def test_the_code_and_the_contract_files_agree():
    assert contract_problems("products") == []
