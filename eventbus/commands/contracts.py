"""Keeping the contract files as the code says."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from eventbus import catalogue, conf
from eventbus.contract_files import file_of, producer_problems, public_contracts, text_of


def add(acts: Any) -> None:
    """contracts"""
    parser = acts.add_parser("contracts", help="the contract files")
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("--write", action="store_true", help="write them from the code")
    group.add_argument("--check", action="store_true", help="fail when they differ")
    parser.set_defaults(do=contracts)


def contracts(command: BaseCommand, *, write: bool, **_: Any) -> None:
    """Write or check them."""
    if write:
        _write()
    problems = [p for contract in public_contracts() for p in producer_problems(contract)]
    book = catalogue.file()
    if book and (not book.exists() or book.read_text() != catalogue.text()):
        problems.append(f"{book.name} is not what the code says")
    if problems:
        raise CommandError("\n".join(problems))
    command.stdout.write(f"{len(public_contracts())} contracts, all as the code says.")


def _write() -> None:
    conf.contracts_folder().mkdir(parents=True, exist_ok=True)
    for contract in public_contracts():
        file_of(contract).write_text(text_of(contract))
    if book := catalogue.file():
        book.write_text(catalogue.text())
