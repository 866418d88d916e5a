"""Other queues and buses on PostgreSQL doing the same work: `just bench-peers [--quick]`.

The same orders, three handlers, server and minutes as `bench.bus`: publishing (an order and its
three jobs in one transaction) and working a backlog off, with one and two workers, as ratios to
pgbench (P1, R1) and to this bus, whose ratio of the same round stands beside. None of the peers
is a dependency: the Python ones come by `uv run --with`, the Node ones by npm into a temporary
folder; what cannot be had is printed as "not run".

procrastinate: concurrency 1 with ORM handlers, and 10 with async raw SQL. django-tasks-db:
defaults. graphile-worker: defaults, and tuned (10 jobs, a local queue of 500, completion in
batches). pg-boss: batches of 500, and the same with `transactional: true`. Ours: ORM and raw.
"""

import argparse
import importlib.util
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import django

from bench.bus import SERVER, facts
from shop.tests.servers import Postgres, postgres

PACKAGES = {"graphile-worker": "0.17.3", "node": "22.23.3", "pg": "^8.16.0", "pg-boss": "12.38.0"}
INSTALL_SECONDS = 300
GIVE_UP_SECONDS = 40.0  # of one drain: what is not done by then counts as it stands


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One product in one setting."""

    name: str
    modules: tuple[str, ...] = ()  # of Python, that must be there; none: it runs on Node
    events: int  # its backlog, for one or two seconds or so


PEERS = (
    Peer(name="procrastinate-orm", modules=("procrastinate", "django_tasks_db"), events=100),
    Peer(name="procrastinate-raw", modules=("procrastinate", "django_tasks_db"), events=400),
    Peer(name="django-tasks-db", modules=("procrastinate", "django_tasks_db"), events=100),
    Peer(name="graphile-worker", events=600),
    Peer(name="graphile-worker-tuned", events=4_000),
    Peer(name="pg-boss", events=4_000),
    Peer(name="pg-boss-transactional", events=4_000),
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=[peer.name for peer in PEERS])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="one round")
    options = parser.parse_args()
    os.environ |= {"DJANGO_SETTINGS_MODULE": "bench.settings", "DATABASE_PREPARE": "1"}
    with postgres(durable=True, options=SERVER) as server, tempfile.TemporaryDirectory() as folder:
        os.environ["DATABASE_URL"] = server.url
        django.setup()
        chosen = [peer for peer in PEERS if not options.only or peer.name in options.only]
        compare(server, Path(folder), chosen, 1 if options.quick else options.rounds)


def compare(server: Postgres, folder: Path, peers: Sequence[Peer], rounds: int) -> None:
    from bench.database import Database
    from bench.peer_runs import Ours, Runs

    ours = Ours(Database("ours", server.new_database()))
    print(facts(ours.database.rows), flush=True)
    runs: list[Runs] = []
    node = install(folder) if any(not peer.modules for peer in peers) else ""
    for peer in peers:
        missing = [name for name in peer.modules if importlib.util.find_spec(name) is None]
        if missing:
            print(
                f"not run: {peer.name}, as there is no {' and no '.join(missing)} (just bench-peers)"
            )
        elif not peer.modules and node:
            print(f"not run: {peer.name}, {node}")
        else:
            runs.append(Runs(peer.name, peer.events, server, None if peer.modules else folder))
    for number in range(rounds):
        began = time.perf_counter()
        for run in runs:
            run.measure(ours, GIVE_UP_SECONDS)
        print(f"round {number + 1} took {time.perf_counter() - began:.0f} s", flush=True)
    for run in runs:
        print(run.line(), flush=True)


def install(folder: Path) -> str:
    """Put the Node peers into the folder; the reason when that cannot be done, or nothing."""
    npm = shutil.which("npm")
    if npm is None:
        return "as there is no npm"
    manifest = {"private": True, "type": "module", "dependencies": PACKAGES}
    (folder / "package.json").write_text(json.dumps(manifest))
    command = [npm, "install", "--no-audit", "--no-fund", "--silent"]
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"as npm install took more than {INSTALL_SECONDS} s"
    if done.returncode:
        return f"as npm install failed: {(done.stderr or done.stdout).strip()[-200:]}"
    shutil.copy(Path(__file__).with_name("peers.mjs"), folder)
    return ""


if __name__ == "__main__":
    main()
