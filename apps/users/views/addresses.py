"""Pages: the address book. An address of somebody else's is not found."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.users import operations, queries
from apps.users.forms import AddressForm
from apps.users.models import Address
from apps.users.operations import Place, TooManyAddresses
from apps.users.views.account import signed_in


@never_cache
@login_required
@require_GET
def addresses(request: HttpRequest) -> HttpResponse:
    """The address book."""
    book = queries.addresses_of(signed_in(request).pk)
    return render(request, "users/addresses.html", {"addresses": book})


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """A new address."""
    user = signed_in(request)
    form = AddressForm(request.POST or None, initial={"name": user.name, "country": "DE"})
    if request.method != "POST" or not form.is_valid():
        return render(request, "users/address.html", {"form": form})
    try:
        operations.add_address(user_id=user.pk, **_wanted(form))
    except TooManyAddresses as refusal:
        form.add_error(None, str(refusal.__doc__))
        return render(request, "users/address.html", {"form": form})
    return _saved(request)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, address_id: UUID) -> HttpResponse:
    """An address written anew."""
    address = _own(request, address_id)
    form = AddressForm(request.POST or None, instance=address)
    if request.method != "POST" or not form.is_valid():
        return render(request, "users/address.html", {"form": form, "address_id": address_id})
    operations.change_address(user_id=signed_in(request).pk, address_id=address_id, **_wanted(form))
    return _saved(request)


@login_required
@require_POST
def make_default(request: HttpRequest, address_id: UUID) -> HttpResponse:
    """Offer this address first."""
    if not operations.make_default(user_id=signed_in(request).pk, address_id=address_id):
        raise Http404
    return _saved(request)


@login_required
@require_POST
def delete(request: HttpRequest, address_id: UUID) -> HttpResponse:
    """Forget the address."""
    if not operations.delete_address(user_id=signed_in(request).pk, address_id=address_id):
        raise Http404
    messages.success(request, "Deleted.")
    return redirect("users:addresses")


def _own(request: HttpRequest, address_id: UUID) -> Address:
    address = queries.address_of(signed_in(request).pk, address_id)
    if address is None:
        raise Http404
    return address


def _wanted(form: AddressForm) -> dict[str, Any]:
    fields = dict(form.cleaned_data)
    return {"is_default": fields.pop("is_default"), "place": Place(**fields)}


def _saved(request: HttpRequest) -> HttpResponse:
    messages.success(request, "Saved.")
    return redirect("users:addresses")
