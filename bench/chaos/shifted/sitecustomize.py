"""On the PYTHONPATH of one process: its clock differs from everybody's by SHIFT_SECONDS.

Shifts what the project reads, `time.time()` and Django's `timezone.now()`; what C code reads for
itself (TLS, files) stays. libfaketime would shift that too, and is not on every machine.
"""

import os
import time
from datetime import datetime, timedelta

from django.utils import timezone

SHIFT = float(os.environ["SHIFT_SECONDS"])
_time, _now = time.time, timezone.now


def shifted_time() -> float:
    return _time() + SHIFT


def shifted_now() -> datetime:
    return _now() + timedelta(seconds=SHIFT)


time.time = shifted_time
timezone.now = shifted_now
