"""What every fault has."""

from abc import ABC, abstractmethod

from bench.chaos.stage import Stage


class Fault(ABC):
    """Begins, lasts for `seconds` and until it has struck, and is healed; `heal` is called whatever
    happened."""

    number: str
    name: str
    seconds = 2.0
    strike_seconds = 10.0  # that it may take until it has met somebody

    @abstractmethod
    def begin(self, stage: Stage) -> None: ...

    def has_struck(self, stage: Stage) -> bool:
        """Whether it has met somebody; most do as soon as they begin."""
        return True

    def heal(self, stage: Stage) -> None:
        """Nothing to do for what ends by itself."""
        return
