import pytest
from django.contrib.auth.models import Permission

from apps.users import operations
from apps.users.models import TokenFamily, User
from apps.users.tests.factories import PASSWORD, UserFactory
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
