"""Pages: one's own account."""

from typing import cast

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from apps.users import operations
from apps.users.forms import EmailForm, PasswordForm, ProfileForm, VerificationForm
from apps.users.models import User
from apps.users.throttling import PASSWORD_AGAIN, MailThrottle, told_to_wait

WRONG = "That is not your present password."


def signed_in(request: HttpRequest) -> User:
    """Who asks; for views behind login_required."""
    return cast(User, request.user)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def me(request: HttpRequest) -> HttpResponse:
    """One's own account."""
    user = signed_in(request)
    form = ProfileForm(request.POST or None, initial={"name": user.name})
    if request.method == "POST" and form.is_valid():
        operations.rename_user(user_id=user.pk, name=form.cleaned_data["name"])
        messages.success(request, "Saved.")
        return redirect("users:me")
    return render(request, "users/me.html", {"form": form})


@login_required
@require_POST
def ask_verification(request: HttpRequest) -> HttpResponse:
    """Send the link again that shows that the address is theirs."""
    form = VerificationForm(request.POST)
    if not form.is_valid() or form.cleaned_data["email"] != signed_in(request).email:
        messages.warning(request, "Your address is another one by now.")
    elif refusal := told_to_wait(request, MailThrottle):
        return refusal
    elif operations.request_verification(user_id=signed_in(request).pk):
        messages.success(request, "A link is on its way to you. It is good for a day.")
    else:
        messages.warning(request, "There is nothing to send now. Please look into your mails.")
    return redirect("users:me")


@never_cache
@login_required
@sensitive_post_parameters("current_password")
@require_http_methods(["GET", "POST"])
def change_email(request: HttpRequest) -> HttpResponse:
    """Every new address gets the same answer, whoever has it."""
    form = EmailForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return render(request, "users/change_email.html", {"form": form})
    if refusal := told_to_wait(request, *PASSWORD_AGAIN, MailThrottle):
        return refusal
    if not signed_in(request).check_password(form.cleaned_data["current_password"]):
        form.add_error("current_password", WRONG)
        return render(request, "users/change_email.html", {"form": form})
    email = form.cleaned_data["email"]
    operations.request_email_change(user_id=signed_in(request).pk, email=email)
    messages.success(request, f"A link is on its way to {email}. Follow it to make it yours.")
    return redirect("users:me")


@never_cache
@login_required
@sensitive_post_parameters("current_password", "password", "password_again")
@require_http_methods(["GET", "POST"])
def change_password(request: HttpRequest) -> HttpResponse:
    """Signs everybody out who is signed in to the account, but for this browser."""
    form = PasswordForm(request.POST or None, user=signed_in(request))
    if request.method != "POST" or not form.is_valid():
        return render(request, "users/change_password.html", {"form": form})
    if refusal := told_to_wait(request, *PASSWORD_AGAIN):
        return refusal
    if not signed_in(request).check_password(form.cleaned_data["current_password"]):
        form.add_error("current_password", WRONG)
        return render(request, "users/change_password.html", {"form": form})
    user = operations.change_password(
        user_id=signed_in(request).pk, password=form.cleaned_data["password"]
    )
    update_session_auth_hash(request, user)
    messages.success(request, "Your new password is set. Every other sign-in has ended.")
    return redirect("users:me")
