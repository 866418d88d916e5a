from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from apps.users import demo, operations
from apps.users.models import TokenFamily, User
from apps.users.tests.factories import PASSWORD, UserFactory
from apps.users.tokens import TokenRefused
from eventbus.testing import published


@pytest.mark.django_db
def test_sign_up_stores_the_address_in_lower_case_and_announces_it():
    user = operations.register_user(email=" Ada@Example.COM ", password=PASSWORD, name="Ada")

    assert User.objects.get() == user
    assert (user.email, user.name, user.is_staff) == ("ada@example.com", "Ada", False)
    assert user.check_password(PASSWORD)
    assert published("users.registered", key=user.pk) == [
        {"user_id": str(user.pk), "subject": str(user.pk), "email": "ada@example.com"}
    ]


@pytest.mark.django_db
def test_sign_up_with_a_taken_address_changes_and_announces_nothing():
    operations.register_user(email="ada@example.com", password=PASSWORD)

    assert operations.register_user(email="ADA@example.com", password="another-password") is None

    assert User.objects.get().check_password(PASSWORD)
    assert len(published("users.registered")) == 1


@pytest.mark.django_db
def test_the_database_refuses_an_address_with_capitals():
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(email="Ada@example.com")


@pytest.mark.django_db
def test_a_refresh_token_buys_the_next_pair_once():
    first = operations.start_family(user=UserFactory())

    second = operations.rotate_tokens(refresh=first.refresh)

    assert second.refresh != first.refresh
    with pytest.raises(TokenRefused):
        operations.rotate_tokens(refresh=first.refresh)
    assert operations.rotate_tokens(refresh=second.refresh)  # a parallel tab does no harm


@pytest.mark.django_db
def test_a_used_token_seen_again_later_ends_its_whole_family():
    user = UserFactory()
    first, elsewhere = operations.start_family(user=user), operations.start_family(user=user)
    second = operations.rotate_tokens(refresh=first.refresh)
    past_grace = timezone.now() - operations.ROTATION_GRACE - timedelta(seconds=1)
    TokenFamily.objects.exclude(previous="").update(rotated_at=past_grace)

    with pytest.raises(TokenRefused):
        operations.rotate_tokens(refresh=first.refresh)

    with pytest.raises(TokenRefused):
        operations.rotate_tokens(refresh=second.refresh)
    assert operations.rotate_tokens(refresh=elsewhere.refresh)


@pytest.mark.django_db
def test_a_token_two_generations_old_ends_its_family_at_once():
    first = operations.start_family(user=UserFactory())
    second = operations.rotate_tokens(refresh=first.refresh)
    third = operations.rotate_tokens(refresh=second.refresh)

    for token in (first, third):
        with pytest.raises(TokenRefused):
            operations.rotate_tokens(refresh=token.refresh)


@pytest.mark.django_db
def test_signing_out_ends_the_family_and_twice_is_no_error():
    pair = operations.start_family(user=UserFactory())

    operations.end_family(refresh=pair.refresh)
    operations.end_family(refresh=pair.refresh)

    with pytest.raises(TokenRefused):
        operations.rotate_tokens(refresh=pair.refresh)


@pytest.mark.django_db
@pytest.mark.parametrize("change", ["password", "deactivation"])
def test_a_new_password_or_deactivation_ends_the_family(change):
    user = UserFactory()
    pair = operations.start_family(user=user)
    if change == "password":
        user.set_password("another-password")
    user.is_active = change != "deactivation"
    user.save()

    with pytest.raises(TokenRefused):
        operations.rotate_tokens(refresh=pair.refresh)

    assert TokenFamily.objects.get().revoked_at is not None


@pytest.mark.django_db
def test_signing_in_forgets_sign_ins_that_expired():
    user = UserFactory()
    operations.start_family(user=user)
    TokenFamily.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    operations.start_family(user=user)

    assert TokenFamily.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c"])
def test_nonsense_is_refused(token):
    with pytest.raises(TokenRefused):
        operations.rotate_tokens(refresh=token)


@pytest.mark.django_db(transaction=True)
def test_of_parallel_refreshes_exactly_one_succeeds_and_its_token_lives():
    for _ in range(10):
        refresh = operations.start_family(user=UserFactory()).refresh

        outcomes = in_parallel(4, lambda refresh=refresh: operations.rotate_tokens(refresh=refresh))

        winners = [outcome for outcome in outcomes if not isinstance(outcome, Exception)]
        losers = [outcome for outcome in outcomes if isinstance(outcome, TokenRefused)]
        assert (len(winners), len(losers)) == (1, 3)
        assert operations.rotate_tokens(refresh=winners[0].refresh)


def in_parallel(count, work):
    """What `work` returned or raised in each of the threads, which start together."""
    barrier, outcomes = Barrier(count), []

    def run():
        barrier.wait()
        try:
            outcomes.append(work())
        except Exception as error:
            outcomes.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


@pytest.mark.django_db
def test_the_demo_people_can_sign_in_and_are_made_once():
    people = demo.load()
    demo.load()

    assert [(person.email, person.role) for person in people] == [
        ("staff@example.com", "staff"),
        ("shopper@example.com", "shopper"),
    ]
    assert User.objects.count() == 2
    for person in people:
        user = User.objects.get(email=person.email)
        assert user.check_password(person.password)
        assert user.is_superuser == (person.role == "staff")
    assert len(published("users.registered")) == 2


@pytest.mark.django_db
def test_the_demo_leaves_an_existing_account_as_it_is():
    user = UserFactory(email="staff@example.com")

    demo.load()

    user.refresh_from_db()
    assert not user.is_superuser
    assert user.check_password(PASSWORD)
