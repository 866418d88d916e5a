"""What stands between clients and web processes while those are replaced: bench/restarts.py."""

import socket
import subprocess
import threading
import time
from collections import Counter
from itertools import cycle
from pathlib import Path
from urllib.request import urlopen

from shop.tests.servers import free_port

PROBE_SECONDS = 0.25
FAIL_SECONDS = 1  # for which nginx leaves a process alone that refused it


class Balancer:
    """Knows which processes are ready, as their /readyz says, and counts what comes of requests."""

    def __init__(self, ports: list[int], folder: Path) -> None:
        self.ready = dict.fromkeys(ports, True)
        self.requests: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.asked_again = 0
        self.stopped = threading.Event()
        self.turns = cycle(ports)
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.probe, args=(port,)) for port in ports]
        for thread in self.threads:
            thread.start()

    def probe(self, port: int) -> None:
        """One process, until the end."""
        while not self.stopped.wait(PROBE_SECONDS):
            try:
                urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).close()
                self.ready[port] = True
            except OSError:
                self.ready[port] = False

    def choices(self) -> list[int]:
        """Processes that are ready, in turns; all when none is."""
        with self.lock:
            first = next(self.turns)
        ready = sorted(self.ready, key=lambda port: port != first)
        return [port for port in ready if self.ready[port]] or ready

    def wait_for(self, port: int) -> None:
        """Until requests are sent to that process again."""
        while not self.ready[port]:
            time.sleep(PROBE_SECONDS)

    def close(self) -> None:
        """Ask no more."""
        self.stopped.set()
        for thread in self.threads:
            thread.join()


class Nginx(Balancer):
    """nginx as most have it: it does not ask whether a process is ready, keeps connections to
    both, and goes to the other one when a connection is refused.

    Raises FileNotFoundError where it is not installed.
    """

    def __init__(self, ports: list[int], folder: Path) -> None:
        self.port = free_port()
        servers = "".join(
            f"server 127.0.0.1:{port} max_fails=1 fail_timeout={FAIL_SECONDS}s;" for port in ports
        )
        kept = "keepalive 16; keepalive_timeout 1s;"  # idle for less than the processes drain
        paths = "".join(
            f"{kind}_temp_path {folder}/{kind};"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        passing = 'proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://shop;'
        config = folder / "nginx.conf"
        config.write_text(
            f"daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log; events {{}}\n"
            f"http {{ access_log off; proxy_max_temp_file_size 0; {paths} upstream shop {{ {servers} {kept} }}\n"
            f"server {{ listen 127.0.0.1:{self.port}; location / {{ {passing} }} }} }}\n"
        )
        log = folder / "nginx.log"
        command = ["nginx", "-c", str(config), "-e", str(log)]
        self.nginx = subprocess.Popen(command)
        while not self.listens():
            if self.nginx.poll() is not None:
                raise RuntimeError(log.read_text())
            time.sleep(0.05)
        super().__init__(ports, folder)

    def listens(self) -> bool:
        """Whether it has begun to."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def choices(self) -> list[int]:
        """nginx's own port: it chooses."""
        return [self.port]

    def wait_for(self, port: int) -> None:
        """It tries a process again, with one request, when more than its time is over."""
        super().wait_for(port)
        time.sleep(FAIL_SECONDS + 2)

    def close(self) -> None:
        super().close()
        self.nginx.terminate()
        self.nginx.wait()


BALANCERS = {"probing": Balancer, "nginx": Nginx}
