"""What an operator asks of the bus and does to it; the command and the admin call these.

Every act is one transaction under the locks of the cursors it is about, and is recorded with who
did it and why. What cannot be done raises Refused, and then nothing has changed. Acts may run
while workers work, and at the same time as themselves.
"""

from eventbus.operating.audit import history, operator
from eventbus.operating.letters import dead_groups, dead_letters, parked_events, retry_dead
from eventbus.operating.log import show, tail
from eventbus.operating.mending import edit, redeliver, skip
from eventbus.operating.overview import status
from eventbus.operating.pausing import pause, pause_key, paused, resume, resume_key
from eventbus.operating.ranges import merge, split
from eventbus.operating.subscribers import drop, rename, start

__all__ = [
    "dead_groups",
    "dead_letters",
    "drop",
    "edit",
    "history",
    "merge",
    "operator",
    "parked_events",
    "pause",
    "pause_key",
    "paused",
    "redeliver",
    "rename",
    "resume",
    "resume_key",
    "retry_dead",
    "show",
    "skip",
    "split",
    "start",
    "status",
    "tail",
]
