"""How sub-commands speak: tables for people, JSON for scripts."""

import json
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Mapping, Sequence
from datetime import datetime
from math import inf
from shutil import get_terminal_size
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder

from eventbus import operating
from eventbus.positions import NoSuchPlace, Where, place

SPACE = "  "  # between columns
WIDTH = 200  # characters of a cell at most; --json has them all


def say_json(command: BaseCommand, value: object, *, indent: int | None = 2) -> None:
    """Write the value as JSON; on one line without `indent`."""
    command.stdout.write(json.dumps(value, cls=DjangoJSONEncoder, indent=indent))


def say_table(command: BaseCommand, rows: Sequence[Mapping[str, Any]], nothing: str) -> None:
    """Write the rows under their names, or `nothing` when there are none."""
    if not rows:
        command.stdout.write(nothing)
        return
    lines = [list(rows[0]), *([cell(value) for value in row.values()] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    if sum(widths) + len(SPACE) * (len(widths) - 1) > _room(command):
        _say_records(command, lines)
        return
    for line in lines:
        padded = (text.ljust(width) for text, width in zip(line, widths, strict=True))
        command.stdout.write(SPACE.join(padded).rstrip())


def _room(command: BaseCommand) -> float:
    """Characters of a line; as many as you like where no person looks."""
    return get_terminal_size().columns if command.stdout.isatty() else inf


def _say_records(command: BaseCommand, lines: Sequence[Sequence[str]]) -> None:
    """A line a cell, for what is too wide for the terminal."""
    names, *rows = lines
    width = max(map(len, names))
    for row in rows:
        for name, text in zip(names, row, strict=True):
            command.stdout.write(f"{name.ljust(width)}{SPACE}{text}")
        command.stdout.write("")


def cell(value: object) -> str:
    """The value for a person, on one line."""
    if value is None or value == "":
        return "-"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    text = str(value).replace("\n", " ")
    return text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"


def several(count: int, noun: str) -> str:
    """So many of them: "1 range", "2 ranges"."""
    return f"{count} {noun if count == 1 else noun + 's'}"


def say_next(command: BaseCommand, *steps: str) -> None:
    """Write what can be done about it, a line each."""
    if steps:
        command.stdout.write("")
    for step in steps:
        command.stdout.write(step)


def misused(words: str) -> CommandError:
    """What argparse cannot see of wrong arguments, with the exit code that it would end with."""
    return CommandError(words, returncode=2)


def a_place(text: str) -> Where:
    """An argument that says where in the log."""
    try:
        return place(text)
    except NoSuchPlace as error:
        raise ArgumentTypeError(str(error)) from error


def add_json(parser: ArgumentParser) -> None:
    """Let a script ask for JSON."""
    parser.add_argument("--json", action="store_true", help="for scripts")


def add_by(parser: ArgumentParser, *, reason: bool = False) -> None:
    """Ask who does it, and why, which must be said when `reason`."""
    parser.add_argument("--by", default=operating.operator(), help="who you are (%(default)s)")
    parser.add_argument("--reason", default="", required=reason, help="why, for the next to look")
