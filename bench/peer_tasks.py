"""The three handlers as tasks of procrastinate and of django.tasks: one row each, plus one.

These libraries have no subscriptions: an event for three is three tasks.
"""

from typing import Any

from django.db.models import F
from django.tasks import task
from procrastinate.contrib.django import app

from bench.workload import EFFECTS


def add(number: int, key: int) -> None:
    EFFECTS[number].objects.filter(pk=key).update(n=F("n") + 1)


@app.task(queue="effects")  # type: ignore[untyped-decorator]
def procrastinate_orm(*, number: int, event: dict[str, Any]) -> None:
    add(number, event["order_id"])


@app.task(queue="raw", pass_context=True)  # type: ignore[untyped-decorator]
async def procrastinate_raw(context: Any, *, number: int, event: dict[str, Any]) -> None:
    await context.app.connector.execute_query_async(
        f"UPDATE eff{number} SET n = n + 1 WHERE id = %(id)s", id=event["order_id"]
    )


@task
def django_task(number: int, event: dict[str, Any]) -> None:
    add(number, event["order_id"])
