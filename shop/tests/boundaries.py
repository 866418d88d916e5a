"""What import-linter cannot see: ways from one app into another that are not imports.

Every checker takes what it judges and returns its findings, one line each; none is a pass.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path

from django.db.models import Model

from shop.settings import ALL_CONTEXTS

CONTEXTS = frozenset(ALL_CONTEXTS)
OURS = CONTEXTS | {"shop", "eventbus"}
OTHERS = "|".join(sorted(OURS))

URL_NAME = re.compile(rf"({OTHERS})(?:-api)?:[a-z][\w-]*")
TEMPLATE_NAME = re.compile(rf"({OTHERS})/[\w/.-]+\.(?:html|txt|svg|xml)(?:#\w+)?")
TABLE = re.compile(rf"\b(?:from|join|update|into)\s+\"?({OTHERS})_\w+", re.IGNORECASE)
MODULE = re.compile(rf"(?:apps\.)?({OTHERS})(?:\.|$)")
URL_TAG = re.compile(r"""{%\s*url\s+['"]([\w-]+):""")
PATH_TAG = re.compile(r"""{%\s*(extends|include|static)\s+['"]([^'"]+)['"]""")

USERS_ONLY = {"get_user_model", "AUTH_USER_MODEL"}
BY_MODEL = {"get_model", "get_registered_model"}
BY_MODULE = {"import_module", "import_string", "__import__", "find_spec"}


def relations_abroad(models: Iterable[type[Model]]) -> list[str]:
    """Relations of our models that leave their app.

    Django's own tables are no neighbours, but only users' may point at people's permissions.
    """
    fields = (field for model in models for field in model._meta.get_fields(include_hidden=True))
    return [
        f"{field.model._meta.label}.{field.name} points at {field.related_model._meta.label}"
        for field in fields
        if field.is_relation
        and not field.auto_created
        and field.related_model
        and _abroad(field.model._meta.app_label, field.related_model._meta.app_label)
    ]


def _abroad(home: str, target: str) -> bool:
    allowed = {home} | ({"auth"} if home == "users" else set())
    return home in OURS and target not in allowed


def migrations_abroad(
    dependencies: Mapping[tuple[str, str], Iterable[tuple[str, str]]],
) -> list[str]:
    """Our migrations that wait for one of another of our apps, or for whatever the user is."""
    return [
        f"{app}.{name} depends on {other}.{parent}"
        for (app, name), parents in dependencies.items()
        for other, parent in parents
        if app in OURS and other != app and other in OURS | {"__setting__"}
    ]


def strings_abroad(app: str, source: str) -> list[str]:
    """What Python source of the app names of another app: models, modules, templates, URLs,
    tables; and the user model, unless the app is users."""
    tree = ast.parse(source)
    findings = chain(_calls(app, tree), _texts(app, tree), _people(app, tree))
    return sorted(f"line {line}: {what}" for line, what in findings)


def _calls(app: str, tree: ast.AST) -> Iterator[tuple[int, str]]:
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = _name(call.func)
        first = call.args[0] if call.args else None
        if name in BY_MODEL and not _is_own_model(app, first):
            yield call.lineno, f"{name}() of a model that is not plainly {app}'s"
        if name in BY_MODULE and not _is_own_module(app, first):
            yield call.lineno, f"{name}() of a module that is not plainly {app}'s"


def _is_own_model(app: str, first: ast.expr | None) -> bool:
    return isinstance(first, ast.Constant) and str(first.value).partition(".")[0] == app


def _is_own_module(app: str, first: ast.expr | None) -> bool:
    """A name that is put together could be anything; a variable comes from a caller or a setting,
    which are judged where they are written."""
    if not isinstance(first, ast.Constant):
        return isinstance(first, ast.Name | ast.Attribute)
    found = MODULE.match(str(first.value))
    return found is None or found[1] == app


def _texts(app: str, tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
            continue
        names = chain(
            [found] if (found := URL_NAME.fullmatch(node.value)) else [],
            [found] if (found := TEMPLATE_NAME.fullmatch(node.value)) else [],
            TABLE.finditer(node.value),
        )
        yield from ((node.lineno, f"names {found[0]!r}") for found in names if found[1] != app)


def _people(app: str, tree: ast.AST) -> Iterator[tuple[int, str]]:
    if app == "users":
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute) and _name(node) in USERS_ONLY:
            yield node.lineno, f"uses {_name(node)}; people are users' affair"
        if isinstance(node, ast.ImportFrom) and node.module == "django.contrib.auth.models":
            names = {alias.name for alias in node.names} & {"User", "AbstractUser"}
            yield from ((node.lineno, f"imports {name}") for name in sorted(names))


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def tags_abroad(app: str, template: str) -> list[str]:
    """What a template of the app takes of another of our apps, "base.html" apart."""
    urls = (f"url {name}:" for name in URL_TAG.findall(template) if _is_anothers(app, name))
    paths = (
        f"{tag} {path}"
        for tag, path in PATH_TAG.findall(template)
        if (tag, path) != ("extends", "base.html")
        and ("/" not in path or _is_anothers(app, path.partition("/")[0]))
    )
    return [*urls, *paths]


def _is_anothers(app: str, name: str) -> bool:
    return name.removesuffix("-api") in OURS - {app}


def sources(folder: Path) -> Iterator[Path]:
    """The app's Python, tests apart: those are proven by running them without the other apps."""
    return (path for path in folder.rglob("*.py") if "tests" not in path.parts)


def templates(folder: Path) -> Iterator[Path]:
    """The app's templates, of whatever kind."""
    return (path for path in folder.glob("templates/**/*") if path.is_file())
