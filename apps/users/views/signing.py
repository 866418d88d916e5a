"""Pages: signing up, in and out."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from apps.users import operations
from apps.users.forms import SignInForm, SignUpForm
from apps.users.throttling import SIGNING_IN, MailThrottle, told_to_wait


class SignIn(LoginView):
    """Django's own sign-in (it renews the session's key), throttled by client and by account."""

    template_name = "users/login.html"
    authentication_form = SignInForm

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The form; who is signed in goes to the account, never to `next`, which may send back."""
        if request.user.is_authenticated:
            return redirect("users:me")
        return super().get(request, *args, **kwargs)

    @method_decorator(sensitive_post_parameters("password"))
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return told_to_wait(request, *SIGNING_IN) or super().post(request, *args, **kwargs)


class SignOut(LogoutView):
    """Django's own, and it says so."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        answer = super().post(request, *args, **kwargs)
        messages.success(request, "You are signed out.")
        return answer


@sensitive_post_parameters("password", "password_again")
@require_http_methods(["GET", "POST"])
def sign_up(request: HttpRequest) -> HttpResponse:
    """A taken address gets the answer of a new one: the page must not tell who shops here.

    That is why nobody is signed in at once: signing in proves whose account it is. Who is signed
    in already is sent to the account.
    """
    if request.method == "GET" and request.user.is_authenticated:
        return redirect("users:me")
    form = SignUpForm(request.POST or None)
    following = _local(request, request.POST.get("next") or request.GET.get("next", ""))
    if request.method != "POST" or not form.is_valid():
        return render(request, "users/signup.html", {"form": form, "next": following})
    if refusal := told_to_wait(request, MailThrottle):
        return refusal
    facts = {name: form.cleaned_data[name] for name in ("email", "password", "name")}
    operations.register_user(**facts)
    messages.success(
        request,
        "Thank you. We have sent a link to your address, to see that it is yours. Now sign in."
        " If you had an account already, it is unchanged and there is no link.",
    )
    query = f"?{urlencode({'next': following})}" if following else ""
    return redirect(reverse("users:login") + query)


def _local(request: HttpRequest, url: str) -> str:
    safe = url_has_allowed_host_and_scheme(
        url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return url if safe else ""
