"""A request's events continue its trace."""

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from eventbus import tracing

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def current(request: HttpRequest) -> HttpResponse:
    return HttpResponse(tracing.current())


def failing(request: HttpRequest) -> HttpResponse:
    raise RuntimeError(tracing.current())


urlpatterns = [path("current/", current), path("failing/", failing)]
pytestmark = pytest.mark.urls(__name__)


def test_a_request_continues_the_trace_it_brings(client: Client) -> None:
    answer = client.get("/current/", headers={"traceparent": TRACEPARENT})
    assert answer.content.decode() == TRACEPARENT
    assert tracing.current() is None


@pytest.mark.parametrize("headers", [{}, {"traceparent": "00-junk-01"}])
def test_a_request_without_a_good_trace_begins_one_of_its_own(
    client: Client, headers: dict[str, str]
) -> None:
    traces = [client.get("/current/", headers=headers).content.decode() for _ in range(2)]
    assert None not in map(tracing.parse, traces)
    assert traces[0] != traces[1]


def test_a_request_that_fails_leaves_no_trace_behind(client: Client) -> None:
    with pytest.raises(RuntimeError, match=TRACEPARENT):
        client.get("/failing/", headers={"traceparent": TRACEPARENT})
    assert tracing.current() is None
