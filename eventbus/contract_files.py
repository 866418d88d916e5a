"""The contract files: JSON Schema, one a public event or document and version, generated from
the producer's class, committed, and held against the code on both sides."""

import json
from pathlib import Path
from typing import Any

from django.apps import apps

from eventbus import conf
from eventbus.contract import Contract, contracts
from eventbus.registry import Handler, Subscriber, subscribers, upcasters
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
        mine = [h for h in subscriber.handlers.values() if label_of(h) == source]
        for handler in mine:
            problems += view_file_problems(handler.view, handler.name, subscriber=subscriber.name)
        problems += upcaster_problems(subscriber) if mine else []
    return problems


def label_of(handler: Handler) -> str | None:
    """The app that the handler's function lives in."""
    config = apps.get_containing_app_config(handler.function.__module__)
    return config.label if config else None


def producer_problems(contract: Contract) -> list[str]:
    """How the file differs from the class that the producer declares."""
    file = file_of(contract)
    if not file.exists():
        return [f"{file.name} does not exist: run `manage.py eventbus contracts --write`"]
    if file.read_text() != text_of(contract):
        return [f"{file.name} differs from {contract.cls.__qualname__}"]
    return []


def view_file_problems(view: type, name: str, *, subscriber: str = "") -> list[str]:
    """What `view` reads that some version kept of the contract `name` does not promise, except
    versions that an upcaster of the subscriber leads on from."""
    schemas = _kept(name)
    if not schemas:
        return [f"{view.__qualname__} reads {name}, which has no contract"]
    return [
        f"{view.__qualname__}{problem} by {label}"
        for label, schema in schemas
        if (subscriber, name, schema["x-version"]) not in upcasters
        for problem in view_problems(view, schema)
    ]


def upcaster_problems(subscriber: Subscriber) -> list[str]:
    """Where the subscriber's upcasters lead nowhere, or leave out a version on the way."""
    names = {name for owner, name, _ in upcasters if owner == subscriber.name}
    return [problem for name in sorted(names) for problem in _chain_problems(subscriber, name)]


def _chain_problems(subscriber: Subscriber, name: str) -> list[str]:
    who = f"{subscriber.name} upcasts {name}"
    if name not in subscriber.handlers:
        return [f"{who}, which it does not hear"]
    mine = {version for owner, of, version in upcasters if (owner, of) == (subscriber.name, name)}
    end = max(mine) + 1
    problems = [f"{who}, but not v{gap}" for gap in range(min(mine), end) if gap not in mine]
    if end not in {schema["x-version"] for _, schema in _kept(name)}:
        problems.append(f"{who} up to v{end}, which has no contract")
    return problems


def _kept(name: str) -> list[tuple[str, dict[str, Any]]]:
    """The versions kept of a contract, each with what to call it."""
    files = sorted(conf.contracts_folder().glob(f"{name}.v*.json"))
    private = [c for c in contracts.values() if c.name == name and c.private]
    return [
        *((file.stem, json.loads(file.read_text())) for file in files),
        *((f"{c.name} v{c.version}", schema_of(c)) for c in private),
    ]
