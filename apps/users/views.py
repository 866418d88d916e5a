"""Pages: signing up, in and out, and one's own account."""

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from apps.users import operations
from apps.users.forms import ProfileForm, SignInForm, SignUpForm
from apps.users.models import User
from apps.users.throttling import SignInThrottle


class SignIn(LoginView):
    """Django's own sign-in (it renews the session's key), throttled by client."""

    template_name = "users/login.html"
    authentication_form = SignInForm

    @method_decorator(sensitive_post_parameters("password"))
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not SignInThrottle().allow_request(request, self):  # type: ignore[arg-type]
            return render(request, "users/too_many.html", status=429)
        return super().post(request, *args, **kwargs)


@sensitive_post_parameters("password", "password_again")
@require_http_methods(["GET", "POST"])
def sign_up(request: HttpRequest) -> HttpResponse:
    """A taken address gets the answer of a new one: the page must not tell who shops here.

    That is why nobody is signed in at once: signing in proves whose account it is.
    """
    form = SignUpForm(request.POST or None)
    following = _local(request, request.POST.get("next") or request.GET.get("next", ""))
    if request.method != "POST" or not form.is_valid():
        return render(request, "users/signup.html", {"form": form, "next": following})
    operations.register_user(
        email=form.cleaned_data["email"],
        password=form.cleaned_data["password"],
        name=form.cleaned_data["name"],
    )
    messages.success(
        request,
        "Thank you. Now sign in. If you had an account already, its password is unchanged.",
    )
    query = f"?{urlencode({'next': following})}" if following else ""
    return redirect(reverse("users:login") + query)


def _local(request: HttpRequest, url: str) -> str:
    safe = url_has_allowed_host_and_scheme(
        url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return url if safe else ""


@login_required
@require_http_methods(["GET", "POST"])
def me(request: HttpRequest) -> HttpResponse:
    """One's own account."""
    user = cast(User, request.user)  # nobody else gets past login_required
    form = ProfileForm(request.POST or None, initial={"name": user.name})
    if request.method == "POST" and form.is_valid():
        operations.rename_user(user_id=user.pk, name=form.cleaned_data["name"])
        messages.success(request, "Saved.")
        return redirect("users:me")
    return render(request, "users/me.html", {"form": form})
