"""The category tree as shoppers see it."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from apps.products.models import Category


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A category that shoppers see, in its place."""

    id: UUID
    slug: str
    title: str
    parent: "Branch | None"

    @property
    def path(self) -> "tuple[Branch, ...]":
        """From the root to itself."""
        return (*self.parent.path, self) if self.parent else (self,)


type Tree = dict[str, Branch]  # by slug, each followed by what is below it


def category_tree() -> Tree:
    """The visible categories: active, and below active ones only."""
    below: dict[UUID | None, list[Category]] = {}
    for category in Category.objects.filter(active=True).order_by("position", "title", "id"):
        below.setdefault(category.parent_id, []).append(category)

    def walk(parent: Branch | None) -> Iterator[Branch]:
        for row in below.get(parent.id if parent else None, []):
            branch = Branch(id=row.pk, slug=row.slug, title=row.title, parent=parent)
            yield branch
            yield from walk(branch)

    return {branch.slug: branch for branch in walk(None)}


def children(tree: Tree, parent: Branch | None) -> list[Branch]:
    """The branches right below; of None, the roots."""
    return [branch for branch in tree.values() if branch.parent == parent]


def path_of(category: Category) -> list[Category]:
    """From the root to the category; no query for one of `in_detail()`."""
    return [*path_of(category.parent), category] if category.parent else [category]
