"""Pages: which mails somebody gets."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from apps.notifications import operations, queries
from apps.notifications.access import read_stop_token
from apps.notifications.forms import QUESTIONS, PreferencesForm


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """One's own choice."""
    whose = str(request.user.pk)
    form = PreferencesForm(request.POST or None, wanted=queries.preferences(whose))
    if request.method != "POST" or not form.is_valid():
        return render(request, "notifications/preferences.html", {"form": form})
    operations.choose(whose=whose, wanted=form.cleaned_data)
    messages.success(request, "Saved.")
    return redirect("notifications:preferences")


@never_cache
@csrf_exempt  # the token is what allows it: a mail program posts from nowhere (RFC 8058)
@require_http_methods(["GET", "POST"])
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows a button, since programs look at mails before people do; POST stops mails of the
    token's kind, or sends them again with `again=1`. Nobody has to sign in."""
    read = read_stop_token(token)
    if read is None or read[1] not in QUESTIONS:
        raise Http404
    whose, kind = read
    if request.method == "POST":
        operations.choose(whose=whose, wanted={kind: request.POST.get("again") == "1"})
    wanted = queries.is_wanted(kind=kind, whose=whose)
    page = {"question": QUESTIONS[kind], "wanted": wanted}
    page |= {"again": wanted and request.method == "POST"}
    return render(request, "notifications/stop.html", page)
