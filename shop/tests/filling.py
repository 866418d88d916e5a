"""The shop of `demo --bare` as a file: made once in a run of tests, then copied."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from filelock import FileLock

from shop.tests.processes import succeed

# One folder for all processes of the run; who makes the file takes it away at its end.
RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID") or f"{os.getpid()}"
FOLDER = Path(tempfile.gettempdir(), f"shop-filled-{RUN}")


def fill(file: Path) -> None:
    """Put the shop into a SQLite file that is not there yet."""
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    made, under_way = FOLDER / "shop.sqlite3", FOLDER / "under-way.sqlite3"
    with FileLock(FOLDER / "lock"):
        if not made.exists():
            url = f"sqlite:///{under_way}"
            succeed("manage.py", "demo", "--bare", "--no-serve", DATABASE_URL=url)
            under_way.rename(made)
            atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
        shutil.copyfile(made, file)
