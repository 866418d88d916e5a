"""The files that run the shop in containers agree with each other and with the code."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
import yaml
from django.test import Client

from shop.serve import OPTIONS
from shop.tests.processes import ROOT

METRIC = re.compile(r"\b(?:django|process|eventbus|shop)_\w+")
compose: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
dashboards = sorted((ROOT / "deploy/grafana/dashboards").glob("*.json"))


def test_every_published_port_is_this_machines_only() -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]

    assert len(ports) == 4
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_every_mounted_file_exists() -> None:
    mounted = [
        volume.partition(":")[0]
        for service in compose["services"].values()
        for volume in service.get("volumes", [])
        if volume.startswith("./")
    ]

    assert mounted
    assert [path for path in mounted if not (ROOT / path).exists()] == []


def test_a_container_has_the_time_to_drain_and_to_end() -> None:
    drains = int(re.findall(r"DRAIN_SECONDS=(\d+)", (ROOT / "Dockerfile").read_text())[0])
    ends = int(OPTIONS[OPTIONS.index("--workers-kill-timeout") + 1])

    assert drains > 0
    assert compose["services"]["web"]["stop_grace_period"] == "30s"
    assert drains + ends < 30


def test_prometheus_asks_services_that_exist(client: Client, db: None) -> None:
    config = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
    shop, bus = config["scrape_configs"]
    hosts = {
        target.partition(":")[0] for entry in shop["static_configs"] for target in entry["targets"]
    }
    (workers,) = bus["dns_sd_configs"]

    assert hosts | set(workers["names"]) <= set(compose["services"])
    assert client.get(shop["metrics_path"]).status_code == 200
    assert compose["services"]["bus"]["command"][-2:] == ["--metrics-port", str(workers["port"])]


def test_dashboards_show_what_prometheus_has() -> None:
    source = yaml.safe_load(
        (ROOT / "deploy/grafana/provisioning/datasources/prometheus.yml").read_text()
    )["datasources"][0]

    assert source["url"] == "http://prometheus:9090"
    assert "prometheus" in compose["services"]
    for dashboard in dashboards:
        panels = json.loads(dashboard.read_text())["panels"]
        assert {panel["datasource"]["uid"] for panel in panels} == {source["uid"]}


@pytest.mark.parametrize("dashboard", dashboards, ids=lambda path: path.stem)
def test_dashboards_name_metrics_that_the_shop_serves(
    dashboard: Any, client: Client, db: None
) -> None:
    panels = json.loads(dashboard.read_text())["panels"]
    named = {
        name
        for panel in panels
        for target in panel["targets"]
        for name in METRIC.findall(target["expr"])
    }

    client.get("/healthz")
    served = client.get("/metrics").content.decode()

    assert named
    assert [name for name in sorted(named) if not _is_served(name, served)] == []


def _is_served(name: str, served: str) -> bool:
    family = name.removesuffix("_bucket")
    return f"# TYPE {family} " in served or f"# TYPE {name} " in served


# The container's health check -------------------------------------------------------------------
@contextmanager
def server(status: int) -> Iterator[tuple[str, list[str]]]:
    """The port of a server that answers everything with the status, and the hosts it was asked."""
    hosts: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hosts.append(f"{self.headers['Host']}{self.path}")
            self.send_response(status)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Nothing on the tests' output."""

    with HTTPServer(("127.0.0.1", 0), Answer) as listening:
        thread = Thread(target=listening.serve_forever)
        thread.start()
        try:
            yield str(listening.server_port), hosts
        finally:
            listening.shutdown()
            thread.join()


def healthcheck(port: str, allowed: str) -> int:
    return subprocess.run(
        [sys.executable, ROOT / "deploy/healthcheck.py"],
        env=os.environ | {"GRANIAN_PORT": port, "ALLOWED_HOSTS": allowed},
        capture_output=True,
        check=False,
    ).returncode


@pytest.mark.parametrize(
    ("allowed", "host"),
    [
        ("", "localhost"),
        ("*", "localhost"),
        ("shop.example.com,web", "shop.example.com"),
        (".example.com", "example.com"),
    ],
)
def test_a_ready_server_is_healthy_and_is_asked_by_a_name_of_its_own(
    allowed: str, host: str
) -> None:
    with server(200) as (port, asked):
        assert healthcheck(port, allowed) == 0

    assert asked == [f"{host}/readyz"]


def test_a_server_that_is_not_ready_is_not_healthy() -> None:
    with server(503) as (port, _):
        assert healthcheck(port, "") == 1


def test_a_server_that_is_gone_is_not_healthy() -> None:
    with server(200) as (port, _):
        pass

    assert healthcheck(port, "") == 1
