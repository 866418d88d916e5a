"""Pages that links in mails lead to, and those that ask for such links.

A link's page only shows a button: programs that look at mails before people do follow every
link, and must not use it up.
"""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from apps.users import operations, queries
from apps.users.forms import NewPasswordForm, ResetForm
from apps.users.models import Link
from apps.users.operations import AddressTaken, LinkRefused
from apps.users.throttling import AccountThrottle, MailThrottle, told_to_wait

Purpose = Link.Purpose


@never_cache
@require_http_methods(["GET", "POST"])
def verify(request: HttpRequest, token: str) -> HttpResponse:
    """GET says which address it is about; POST shows that it is the reader's."""
    link = queries.good_link(token=token, purpose=Purpose.VERIFICATION)
    if link is None:
        return _refused(request, LinkRefused())
    if request.method == "GET":
        return render(request, "users/verify.html", {"link": link})
    try:
        user = operations.verify_email(token=token)
    except (LinkRefused, AddressTaken) as refusal:
        return _refused(request, refusal)
    messages.success(request, f"Thank you: {user.email} is yours.")
    return redirect("users:me")


@require_http_methods(["GET", "POST"])
def ask_reset(request: HttpRequest) -> HttpResponse:
    """Every address gets the same answer, in the same time."""
    form = ResetForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return render(request, "users/ask_reset.html", {"form": form})
    if refusal := told_to_wait(request, MailThrottle):
        return refusal
    operations.ask_for_reset(email=form.cleaned_data["email"])
    messages.success(
        request,
        "If that address has an account, a link to set a new password is on its way."
        " It is good for an hour.",
    )
    return redirect("users:login")


@never_cache
@sensitive_post_parameters("password", "password_again")
@require_http_methods(["GET", "POST"])
def reset_password(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows the form; POST sets the password and ends every sign-in."""
    link = queries.good_link(token=token, purpose=Purpose.RESET)
    if link is None:
        return _refused(request, LinkRefused())
    form = NewPasswordForm(request.POST or None, user=link.user)
    if request.method == "GET" or not form.is_valid():
        return render(request, "users/reset_password.html", {"form": form, "link": link})
    try:
        user = operations.reset_password(token=token, password=form.cleaned_data["password"])
    except LinkRefused as refusal:
        return _refused(request, refusal)
    AccountThrottle.forget(email=user.email)
    messages.success(request, "Your new password is set. Now sign in with it.")
    return redirect("users:login")


def _refused(request: HttpRequest, refusal: LinkRefused | AddressTaken) -> HttpResponse:
    taken = isinstance(refusal, AddressTaken)
    page = {"reason": refusal.__doc__, "taken": taken}
    return render(request, "users/link_refused.html", page, status=409 if taken else 404)
