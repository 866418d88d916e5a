import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from apps.users import operations
from apps.users.models import Link, TokenFamily, User
from apps.users.tests.factories import PASSWORD, AddressFactory, UserFactory
from eventbus.testing import published

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client):
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return client


def test_people_are_found_by_e_mail_and_no_password_is_shown(staff):
    user = UserFactory(email="ada@example.com")

    assert "ada@example.com" in staff.get("/admin/users/user/?q=ada@").text
    assert user.password not in staff.get(f"/admin/users/user/{user.pk}/change/").text


def test_adding_somebody_announces_them_once(staff):
    form = {
        "email": "Ada@Example.com",
        "name": "",
        "usable_password": "true",
        "password1": PASSWORD,
        "password2": PASSWORD,
    }

    staff.post("/admin/users/user/add/", form)
    again = staff.post("/admin/users/user/add/", form)

    user = User.objects.get(email="ada@example.com")
    assert user.check_password(PASSWORD)
    assert "already exists" in again.text
    assert len(published("users.registered")) == 1


def test_staff_without_all_rights_cannot_hand_out_rights(client):
    staff = UserFactory(is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(content_type__app_label="users"))
    client.force_login(staff)
    own = f"/admin/users/user/{staff.pk}/change/"

    client.post(own, {"email": staff.email, "name": "S", "is_active": "on", "is_superuser": "on"})

    staff.refresh_from_db()
    assert (staff.name, staff.is_superuser) == ("S", False)


def test_staff_can_sign_a_client_out(staff):
    operations.start_family(user=UserFactory())
    family = TokenFamily.objects.get()

    staff.post("/admin/users/tokenfamily/", {"action": "sign_out", "_selected_action": [family.pk]})

    family.refresh_from_db()
    assert family.revoked_at is not None
    assert staff.get(f"/admin/users/tokenfamily/{family.pk}/change/").status_code == 200


def test_another_address_is_unproven_and_the_old_one_is_told(staff):
    user = UserFactory(email="ada@example.com", email_verified_at=timezone.now())
    form = {"email": "Countess@Example.com", "name": "Ada", "is_active": "on"}

    answer = staff.post(f"/admin/users/user/{user.pk}/change/", form)

    assert answer.status_code == 302
    user.refresh_from_db()
    assert (user.email, user.name) == ("countess@example.com", "Ada")
    assert user.email_verified_at is None
    assert published("users.email_changed", key=user.pk)[0]["previous"] == "ada@example.com"
    assert published("users.verification_requested", key=user.pk)[0]["email"] == user.email


@pytest.mark.parametrize("usable", [True, False])
def test_a_password_that_staff_set_or_take_away_ends_the_sign_ins(staff, usable):
    user = UserFactory()
    operations.start_family(user=user)
    form = {"password1": "another-password", "password2": "another-password"}
    if not usable:
        form = {"usable_password": "false", "unset-password": "1"}

    assert staff.post(f"/admin/users/user/{user.pk}/password/", form).status_code == 302

    user.refresh_from_db()
    assert user.check_password("another-password") == user.has_usable_password() == usable
    assert TokenFamily.objects.get().revoked_at is not None
    assert len(published("users.password_changed", key=user.pk)) == 1


def test_staff_change_their_own_password_where_everybody_does(staff):
    assert staff.get("/admin/password_change/").url == "/users/me/password/"


def test_the_address_book_can_be_looked_at_only(staff):
    address = AddressFactory()
    path = f"/admin/users/address/{address.pk}/"

    assert "Hamburg" in staff.get("/admin/users/address/").text
    assert staff.post(f"{path}change/", {"city": "Bremen"}).status_code == 403
    assert staff.post(f"{path}delete/", {"post": "yes"}).status_code == 403


def test_links_can_be_looked_at_without_their_secret(staff):
    operations.request_verification(user_id=UserFactory(email="ada@example.com").pk)
    link = Link.objects.get()

    assert "ada@example.com" in staff.get("/admin/users/link/").text
    assert link.digest not in staff.get(f"/admin/users/link/{link.pk}/change/").text
    assert staff.get("/admin/users/link/add/").status_code == 403


@pytest.mark.parametrize("rights", [{"is_superuser": True}, {}], ids=["superuser", "staff"])
def test_staff_cannot_take_over_other_staff(client, rights):
    helper, other = UserFactory(is_staff=True), UserFactory(is_staff=True, **rights)
    helper.user_permissions.set(
        Permission.objects.filter(codename__in=["view_user", "change_user"])
    )
    client.force_login(helper)
    before = User.objects.get(pk=other.pk)
    page = f"/admin/users/user/{other.pk}"
    assert client.post(f"{page}/change/", {"email": "mine@example.com"}).status_code == 403
    new = {"password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"}
    assert client.post(f"{page}/password/", new).status_code == 403
    other.refresh_from_db()
    assert (other.email, other.password) == (before.email, before.password)
    shopper = UserFactory()
    assert "_save" in client.get(f"/admin/users/user/{shopper.pk}/change/").text
