"""Handing the metrics to Prometheus: as a registry for a page, or on a port of a worker."""

import os
from collections.abc import Iterable
from pathlib import Path
from wsgiref.simple_server import WSGIServer

from prometheus_client import REGISTRY, CollectorRegistry, Metric, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from eventbus.gauges import TableGauges

FOLDER = "PROMETHEUS_MULTIPROC_DIR"


class ProcessesTogether(MultiProcessCollector):
    """The sums over all processes that share the folder, those that have ended too: a counter
    never falls. One that was killed while it began leaves an empty file, which tells nothing."""

    def collect(self) -> Iterable[Metric]:
        """The sums now."""
        files = [str(file) for file in Path(self._path).glob("*.db") if file.stat().st_size]
        found: Iterable[Metric] = self.merge(files, accumulate=True)  # type: ignore[no-untyped-call]
        return found


def registry(*gauges: Collector) -> CollectorRegistry:
    """What a deployment's `/metrics` tells: the numbers of this process, or of all that share
    PROMETHEUS_MULTIPROC_DIR; and once, whatever the processes are, what the tables say: the bus's
    and `gauges`."""
    page = CollectorRegistry()
    if os.environ.get(FOLDER):
        ProcessesTogether(page)  # type: ignore[no-untyped-call]
    else:
        page.register(REGISTRY)
    for collector in (TableGauges(), *gauges):
        page.register(collector)
    return page


def serve(port: int, address: str) -> WSGIServer:
    """Answer with this process's own numbers on a port (0: any that is free), in a daemon thread;
    raises OSError when the port is taken or the address is not this machine's."""
    server, _ = start_http_server(port, addr=address)
    return server
