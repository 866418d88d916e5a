"""Staff find every table in the admin."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from apps.users.models import User

DJANGO_S_OWN = {"admin", "auth", "contenttypes", "sessions"}
OURS = [model for model in apps.get_models() if model._meta.app_label not in DJANGO_S_OWN]


def test_every_model_is_registered() -> None:
    assert [model._meta.label for model in OURS if not admin.site.is_registered(model)] == []


@pytest.mark.django_db
@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.label)
def test_its_list_opens_and_can_be_searched(client: Client, model: type) -> None:
    client.force_login(User.objects.create_superuser("staff@example.com"))
    page = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")  # type: ignore[attr-defined]
    assert client.get(page).status_code == 200
    assert client.get(page, {"q": "x"}).status_code == 200
