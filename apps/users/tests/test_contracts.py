from eventbus.testing import contract_problems


def test_what_users_says_is_what_its_contract_files_promise():
    assert contract_problems("users") == []
