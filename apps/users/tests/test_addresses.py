"""The address book: operations, pages, API, and what it offers at checkout."""

from functools import partial
from uuid import uuid4

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, transaction
from django.test import RequestFactory
from rest_framework.test import APIClient

from apps.users import operations, slots
from apps.users.models import Address
from apps.users.operations import MAX_ADDRESSES, Place, TooManyAddresses
from apps.users.tests.factories import AddressFactory, UserFactory
from apps.users.tests.test_operations import in_parallel

pytestmark = pytest.mark.django_db
PLACE = {
    "name": "Ada Lovelace",
    "line1": "Am Kai 3",
    "line2": "",
    "postcode": "20457",
    "city": "Hamburg",
    "country": "DE",
}


@pytest.fixture
def user(client):
    user = UserFactory()
    client.force_login(user)
    return user


def api(user):
    client = APIClient()
    access = operations.start_family(user=user).access
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {access}")
    return client


def defaults(user):
    return list(user.addresses.filter(is_default=True))


def test_the_first_address_is_the_default_and_another_only_when_asked_for():
    user = UserFactory()
    add = partial(operations.add_address, user_id=user.pk, place=Place(**PLACE))

    first, second = add(), add()
    assert defaults(user) == [first]

    third = add(is_default=True)
    assert defaults(user) == [third]
    assert operations.make_default(user_id=user.pk, address_id=second.pk) is True
    assert defaults(user) == [second]


def test_the_database_refuses_a_second_default():
    user = UserFactory()
    AddressFactory(user=user, is_default=True)

    with pytest.raises(IntegrityError), transaction.atomic():
        AddressFactory(user=user, is_default=True)
    AddressFactory(is_default=True)  # somebody else's


def test_a_full_book_takes_no_more():
    user = UserFactory()
    AddressFactory.create_batch(MAX_ADDRESSES, user=user)

    with pytest.raises(TooManyAddresses):
        operations.add_address(user_id=user.pk, place=Place(**PLACE), is_default=True)

    assert user.addresses.count() == MAX_ADDRESSES
    assert defaults(user) == []


@pytest.mark.django_db(transaction=True)
def test_at_the_same_moment_there_is_one_default_and_no_more_than_fit():
    user = UserFactory()
    AddressFactory.create_batch(MAX_ADDRESSES - 2, user=user)
    add = partial(operations.add_address, user_id=user.pk, place=Place(**PLACE), is_default=True)

    outcomes = in_parallel(4, add)

    assert [type(one) for one in outcomes].count(TooManyAddresses) == 2
    assert user.addresses.count() == MAX_ADDRESSES
    assert len(defaults(user)) == 1


# Pages ------------------------------------------------------------------------------------------
def test_the_book_by_forms(client, user):
    assert "No address yet." in client.get("/users/me/addresses/").text

    assert client.post("/users/me/addresses/new/", PLACE).url == "/users/me/addresses/"
    client.post("/users/me/addresses/new/", PLACE | {"name": "Countess <b>", "country": "AT"})

    second = Address.objects.get(is_default=False)
    page = client.get("/users/me/addresses/").text
    assert page.index("Ada Lovelace") < page.index("Countess &lt;b&gt;")
    assert "Austria" in page
    edit = f"/users/me/addresses/{second.pk}/"
    assert 'value="Countess &lt;b&gt;"' in client.get(edit).text
    client.post(edit, PLACE | {"city": "Bremen"})
    client.post(f"{edit}default/")
    second.refresh_from_db()
    assert (second.name, second.city, second.is_default) == ("Ada Lovelace", "Bremen", True)
    client.post(f"{edit}delete/")
    assert [address.is_default for address in user.addresses.all()] == [False]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": ""}, "This field is required."),
        ({"name": "x" * 121}, "at most 120 characters"),
        ({"postcode": "x" * 21}, "at most 20 characters"),
        ({"country": "XX"}, "Choose one of the countries."),
        ({"city": "a\x00b"}, "Null characters are not allowed."),
    ],
)
def test_a_bad_address_is_refused_in_words(client, user, change, message):
    answer = client.post("/users/me/addresses/new/", PLACE | change)

    assert message in answer.text
    assert not Address.objects.exists()


def test_a_full_book_says_so(client, user):
    AddressFactory.create_batch(MAX_ADDRESSES, user=user)

    assert "Your address book is full." in client.post("/users/me/addresses/new/", PLACE).text
    answer = api(user).post("/api/v1/users/me/addresses/", PLACE, "json")
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_addresses")
    assert Address.objects.count() == MAX_ADDRESSES


def test_somebody_else_s_address_is_not_found(client, user):
    other = AddressFactory(is_default=True)

    for address_id in (other.pk, uuid4()):
        path = f"/users/me/addresses/{address_id}/"
        answers = [client.get(path), client.post(path, PLACE | {"city": "Bremen"})]
        answers += [client.post(f"{path}default/"), client.post(f"{path}delete/")]
        one = f"/api/v1/users/me/addresses/{address_id}/"
        caller = api(user)
        answers += [caller.get(one), caller.delete(one)]
        answers += [getattr(caller, method)(one, PLACE, "json") for method in ("put", "patch")]
        assert {answer.status_code for answer in answers} == {404}
        assert "Hamburg" not in "".join(answer.text for answer in answers)

    other.refresh_from_db()
    assert (other.city, other.is_default) == ("Hamburg", True)


# API --------------------------------------------------------------------------------------------
def test_the_book_by_api(user):
    caller, path = api(user), "/api/v1/users/me/addresses/"

    made = caller.post(path, PLACE, "json")
    assert made.status_code == 201
    assert made.json() == {"id": made.json()["id"], **PLACE, "is_default": True}
    second = caller.post(path, PLACE | {"city": "Bremen"}, "json").json()
    assert [one["city"] for one in caller.get(path).json()] == ["Hamburg", "Bremen"]

    one = f"{path}{second['id']}/"
    patched = caller.patch(one, {"is_default": True, "line2": "2nd floor"}, "json")
    assert patched.json() == {**second, "is_default": True, "line2": "2nd floor"}
    put = caller.put(one, {**PLACE, "city": "Kiel", "id": str(uuid4())}, "json")
    assert put.json() == {"id": second["id"], **PLACE, "city": "Kiel", "is_default": False}
    assert caller.get(one).json() == put.json()
    assert caller.delete(one).status_code == 204
    assert caller.get(one).status_code == 404
    assert user.addresses.count() == 1


@pytest.mark.parametrize(
    "change",
    [{"name": ""}, {"name": None}, {"country": "XX"}, {"country": []}, {"city": "x" * 121}],
)
def test_a_bad_address_is_a_problem(user, change):
    answer = api(user).post("/api/v1/users/me/addresses/", PLACE | change, "json")

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == list(change)
    assert not Address.objects.exists()


# At checkout ------------------------------------------------------------------------------------
def test_saved_addresses_are_sent_to_the_checkout():
    address = AddressFactory(name="Ada <b>", is_default=True)
    AddressFactory()
    request = RequestFactory().get("/")
    request.user = address.user

    html = slots.checkout_addresses(request, action="/orders/checkout/?a=1&b=2")

    assert html.count("<form") == 1
    assert '<form method="post" action="/orders/checkout/?a=1&amp;b=2"' in html
    assert "csrfmiddlewaretoken" in html
    fields = PLACE | {"name": "Ada &lt;b&gt;"}
    for name, value in fields.items():
        assert f'<input type="hidden" name="{name}" value="{value}">' in html


@pytest.mark.parametrize("known", [True, False])
def test_without_an_address_nothing_is_offered(known):
    request = RequestFactory().get("/")
    request.user = UserFactory() if known else AnonymousUser()

    assert slots.checkout_addresses(request, action="/") == ""
    assert slots.default_address(request) == ""


def test_the_default_address_goes_along_to_the_checkout():
    address = AddressFactory(name="Ada <b>", is_default=True)
    request = RequestFactory().get("/")
    request.user = address.user
    html = slots.default_address(request)
    for name, value in (PLACE | {"name": "Ada &lt;b&gt;"}).items():
        assert f'<input type="hidden" name="{name}" value="{value}">' in html
    Address.objects.update(is_default=False)
    assert slots.default_address(request) == ""
