"""Processes that run out of memory in the midst of their work."""

import resource
from contextlib import suppress
from pathlib import Path

from bench.chaos.fault import Fault
from bench.chaos.stage import WEBS, WORKERS, Stage

HUNGRY = str(Path(__file__).parent / "hungry")  # on the PYTHONPATH of all
ROOM = 24 * 1_048_576  # bytes, above what the process has


class Starved(Fault):
    """One web process and one worker get no more memory than they have, and some of their threads
    want it: any statement may end in MemoryError, or the process (when C or Rust gets none)."""

    number, name, seconds = "F23", "a limit of memory, met all the time", 5.0

    def begin(self, stage: Stage) -> None:
        self.victims = {name: stage.draw.choice(name_of) for name, name_of in ROLES.items()}
        stage.wait_for_workers()
        self.read = {name: len(stage.log(name)) for name in self.victims.values()}
        for name in self.victims.values():
            for pid in family(stage.shop.processes[name].pid):
                limit(pid, data_of(pid) + ROOM)

    def has_struck(self, stage: Stage) -> bool:
        """Both have run out of it."""
        return all(self.strikes(stage, name) for name in self.victims.values())

    def strikes(self, stage: Stage, name: str) -> int:
        """How often it ran out, as far as its log says; a process that is no more counts too."""
        told = stage.log(name)[self.read[name] :]
        return told.count("MemoryError") + (stage.shop.processes[name].poll() is not None)

    def heal(self, stage: Stage) -> None:
        for name in self.victims.values():
            stage.counts["times out of memory"] += self.strikes(stage, name)
            for pid in family(stage.shop.processes[name].pid):
                limit(pid, resource.RLIM_INFINITY)


ROLES = {"web": WEBS, "bus": WORKERS}


def family(pid: int) -> list[int]:
    """The process and those that it has started, as far as they live."""
    with suppress(FileNotFoundError, ProcessLookupError):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [pid, *(one for child in children for one in family(int(child)))]
    return []


def limit(pid: int, to: int) -> None:
    """Let the process have so many bytes at most, if it lives."""
    with suppress(ProcessLookupError):
        _, most = resource.prlimit(pid, resource.RLIMIT_DATA)
        resource.prlimit(pid, resource.RLIMIT_DATA, (to, most))


def data_of(pid: int) -> int:
    """What it has, in bytes."""
    told = Path(f"/proc/{pid}/status").read_text()
    return int(told.partition("VmData:")[2].split()[0]) * 1024
