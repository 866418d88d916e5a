"""Processes forked from this one, which has imported everything, each on a database of its own."""

import json
import os
import signal
from collections.abc import Callable

from bench.saga_shop import Shop, SqliteShop


class Process:
    """A process forked from this one, on a database: it has no connection of another's."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def run[T](self, act: Callable[[], T]) -> T:
        """What `act` gives, as JSON keeps it; raises RuntimeError with what went wrong."""
        said, status = self._fork(act)
        if status or not said:
            raise RuntimeError(said or f"The process ended with {status}.")
        result: T = json.loads(said)
        return result

    def dies(self, act: Callable[[], object]) -> bool:
        """Whether SIGKILL ended it; raises RuntimeError when it failed in another way."""
        said, status = self._fork(act)
        if status not in (0, -signal.SIGKILL):
            raise RuntimeError(said)
        return status == -signal.SIGKILL

    def _fork(self, act: Callable[[], object]) -> tuple[str, int]:
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            self._live(act, writing)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            said = pipe.read()
        return said, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def _live(self, act: Callable[[], object], writing: int) -> None:
        """Never returns."""
        import traceback

        status, said = 0, ""
        try:
            _connect(self.shop)
            said = json.dumps(act())
            _disconnect()
        except BaseException:
            status, said = 1, traceback.format_exc()
        with os.fdopen(writing, "w") as pipe:
            pipe.write(said)
        os._exit(status)


def _connect(shop: Shop) -> None:
    from django.db import connection

    name = str(shop.path) if isinstance(shop, SqliteShop) else getattr(shop, "name", "")
    connection.settings_dict["NAME"] = name


def _disconnect() -> None:
    from django.db import connection

    from eventbus.engines import engine

    engine().close()
    connection.close()
