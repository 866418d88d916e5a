from eventbus.testing import contract_problems


def test_what_notifications_says_and_reads_is_what_the_contract_files_promise():
    assert contract_problems("notifications") == []
