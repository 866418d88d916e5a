import os

from django.apps import AppConfig


class NewerConfig(AppConfig):
    name = "bench.chaos.newer"
    label = "newer"

    def ready(self) -> None:
        from bench.chaos.newer.changes import change

        change(int(os.environ["CODE_LEVEL"]))
