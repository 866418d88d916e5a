"""Running the project's own commands as processes of their own."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `python COMMAND` in the project's folder; the answer has all output in `stdout`.

    Of the caller's environment it sees what is not this project's, and DATABASE_URL only if given.
    """
    return subprocess.run(
        [sys.executable, *command],
        env=outer_environment() | environment,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def outer_environment() -> dict[str, str]:
    """What of the caller's environment is not this project's."""
    ours = ("DATABASE_URL", "REDIS_URL", "SHOP_", "DJANGO_", "PYTEST_", "EVENTBUS_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def succeed(*command: str, **environment: str) -> str:
    """The output of a command that must succeed.

    Raises AssertionError with the output otherwise.
    """
    done = run(*command, **environment)
    assert done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}"
    return done.stdout
