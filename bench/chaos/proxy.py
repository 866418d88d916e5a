"""A TCP proxy between the shop's processes and PostgreSQL, which cuts, delays and swallows."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

COMMITTED = b"C\x00\x00\x00\x0bCOMMIT\x00"  # CommandComplete: the server has committed
CHUNK = 65_536


class Proxy:
    """Forwards a free port of this machine to `target`, in a thread, until the block ends."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = 0
        self.delay = 0.0  # seconds for every answer of the server
        self.commits_to_cut = 0  # so many answers to COMMIT will never arrive
        self.commits_cut = 0
        self._clients: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        listening = asyncio.start_server(self._accept, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(listening, self._loop).result(10)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def cut_all(self) -> None:
        """Break every connection, in the middle of whatever it does."""

        def abort() -> None:
            for writer in list(self._clients):
                writer.transport.abort()

        self._loop.call_soon_threadsafe(abort)

    async def _close(self) -> None:
        self._server.close()
        for writer in list(self._clients):
            writer.transport.abort()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._clients.add(writer)
        try:
            with suppress(OSError):  # the server is down: the client finds its connection closed
                up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.target)
                try:
                    async with asyncio.TaskGroup() as group:
                        group.create_task(_pump(reader, up_writer, _pass_on))
                        group.create_task(_pump(up_reader, writer, self._answer))
                except* OSError:
                    pass  # one side broke off; the other is broken off below
                finally:
                    up_writer.transport.abort()
        finally:
            self._clients.discard(writer)
            writer.transport.abort()

    async def _answer(self, data: bytes) -> bool:
        """Whether the client gets it."""
        if self.delay:
            await asyncio.sleep(self.delay)
        if self.commits_to_cut and COMMITTED in data:
            self.commits_to_cut -= 1
            self.commits_cut += 1
            return False
        return True


async def _pass_on(data: bytes) -> bool:
    return True


async def _pump(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    passes: Callable[[bytes], Awaitable[bool]],
) -> None:
    """Forward until one side ends; that ends the other direction as well."""
    while data := await reader.read(CHUNK):
        if not await passes(data):
            break
        writer.write(data)
        await writer.drain()
    raise ConnectionResetError
