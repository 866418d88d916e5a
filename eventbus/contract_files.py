"""The contract files: JSON Schema, one a public event or document and version, generated from
the producer's class, committed, and held against the code on both sides."""

import json
from pathlib import Path

from django.apps import apps

from eventbus import conf
from eventbus.contract import Contract, contracts
from eventbus.registry import subscribers
from eventbus.schema import schema_of, view_problems


def file_of(contract: Contract) -> Path:
    """Where the contract's file is."""
    return conf.contracts_folder() / f"{contract.name}.v{contract.version}.json"


def text_of(contract: Contract) -> str:
    """What the file says."""
    return json.dumps(schema_of(contract), indent=2, ensure_ascii=False) + "\n"


def public_contracts(source: str | None = None) -> list[Contract]:
    """The contracts declared by the code that runs here, of all contexts or of one."""
    mine = [c for c in contracts.values() if not c.private and source in (None, c.source)]
    return sorted(mine, key=lambda contract: (contract.name, contract.version))


def problems_of(source: str) -> list[str]:
    """What is wrong between the code of the app with this label and the contract files.

    What it says must equal its files; what its subscribers read must be promised by every
    version kept of the events they name. Empty when all is well.
    """
    problems = [problem for c in public_contracts(source) for problem in producer_problems(c)]
    for subscriber in subscribers.values():
        for handler in subscriber.handlers.values():
            config = apps.get_containing_app_config(handler.function.__module__)
            if config is not None and config.label == source:
                problems += view_file_problems(handler.view, handler.name)
    return problems


def producer_problems(contract: Contract) -> list[str]:
    """How the file differs from the class that the producer declares."""
    file = file_of(contract)
    if not file.exists():
        return [f"{file.name} does not exist: run `manage.py eventbus contracts --write`"]
    if file.read_text() != text_of(contract):
        return [f"{file.name} differs from {contract.cls.__qualname__}"]
    return []


def view_file_problems(view: type, name: str) -> list[str]:
    """What `view` reads that some version kept of the contract `name` does not promise."""
    kept = sorted(conf.contracts_folder().glob(f"{name}.v*.json"))
    schemas = [(file.stem, json.loads(file.read_text())) for file in kept]
    private = [c for c in contracts.values() if c.name == name and c.private]
    schemas += [(f"{c.name} v{c.version}", schema_of(c)) for c in private]
    if not schemas:
        return [f"{view.__qualname__} reads {name}, which has no contract"]
    return [
        f"{view.__qualname__}{problem} by {label}"
        for label, schema in schemas
        for problem in view_problems(view, schema)
    ]
