"""What commands take, said once, and the workbook that each of them opens."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import typer

from relorch.cli.completion import cluster_names, customer_names, release_names
from relorch.cli.output import plain
from relorch.errors import InvalidValue
from relorch.model import text
from relorch.workbook import DEFAULT_DATABASE, Workbook, open_workbook

Database = Annotated[
    str | None,
    typer.Option("--db", metavar="URL", help="The workbook, such as sqlite:///data/app.db; else DATABASE_URL."),
]
Operator = Annotated[
    str | None, typer.Option("--operator", metavar="NAME", help="Who acts; else RELORCH_OPERATOR, else the OS user.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")]

_IS_RELEASE = "The release: its id or exact name."
_IS_CUSTOMER = "The customer: its id, exact name, namespace or cluster/namespace."
ReleaseWord = Annotated[
    str, typer.Argument(metavar="RELEASE", help=_IS_RELEASE, autocompletion=release_names, show_default=False)
]
ReleaseOption = Annotated[
    str | None, typer.Option("--release", "-r", metavar="RELEASE", help=_IS_RELEASE, autocompletion=release_names)
]
NeededRelease = Annotated[
    str, typer.Option("--release", "-r", metavar="RELEASE", help=_IS_RELEASE, autocompletion=release_names)
]
CustomerOption = Annotated[
    str | None, typer.Option("--customer", "-c", metavar="CUSTOMER", help=_IS_CUSTOMER, autocompletion=customer_names)
]
NeededCustomer = Annotated[
    str, typer.Option("--customer", "-c", metavar="CUSTOMER", help=_IS_CUSTOMER, autocompletion=customer_names)
]
CustomerOptions = Annotated[
    list[str] | None,
    typer.Option(
        "--customer", "-c", metavar="CUSTOMER", help=f"{_IS_CUSTOMER} Repeatable.", autocompletion=customer_names
    ),
]
NeededCustomers = Annotated[
    list[str],
    typer.Option(
        "--customer", "-c", metavar="CUSTOMER", help=f"{_IS_CUSTOMER} Repeatable.", autocompletion=customer_names
    ),
]
ClusterOption = Annotated[
    str | None,
    typer.Option(
        "--cluster", metavar="CLUSTER", help="Only this cluster: its id or name.", autocompletion=cluster_names
    ),
]


@dataclass(frozen=True)
class Choice:
    """What was said before the command; what is said behind it wins."""

    db: str | None = None
    operator: str | None = None


def said_before(context: typer.Context) -> Choice:
    """Give what was said before the command."""
    return context.obj if isinstance(context.obj, Choice) else Choice()


def first(*said: str | None) -> str | None:
    """Give the first that was said; an empty one counts: it is a mistake in a script, not a default."""
    return next((value for value in said if value is not None), None)


@dataclass(frozen=True)
class Place:
    """The database and the operator that a command line names; nothing is opened yet."""

    url: str
    operator: str | None

    def open(self, *, create: bool = False) -> Workbook:
        """Open the workbook, making it when `create` says so; raises `CannotOpen`."""
        return open_workbook(self.url, self.operator, create=create)


def place_of(context: typer.Context, db: str | None, operator: str | None) -> Place:
    """Give the database and the operator that were named, behind the command or before it."""
    said = said_before(context)
    url = first(db, said.db)
    found = url if url is not None else os.environ.get("DATABASE_URL") or DEFAULT_DATABASE
    return Place(found, _checked(first(operator, said.operator)))


def _checked(operator: str | None) -> str | None:
    try:
        return None if operator is None else text.line("operator", operator, text.OPERATOR_LIMIT)
    except InvalidValue as error:
        raise typer.BadParameter(f"{error.why}.", param_hint="--operator") from error


_Work = TypeVar("_Work", bound=Callable[..., None])


def command(app: typer.Typer, name: str) -> Callable[[_Work], _Work]:
    """Make a command of a function whose first argument is the open workbook.

    Its other arguments are the command's; --db and --operator come with every command.
    """

    def run_with(work: Callable[..., None], place: Place, said: dict[str, Any]) -> None:
        with place.open() as workbook:
            work(workbook, **said)

    return _registering(app, name, run_with)


def command_at(app: typer.Typer, name: str) -> Callable[[_Work], _Work]:
    """Make a command of a function whose first argument is the `Place`: it opens a workbook itself, or none."""

    def run_with(work: Callable[..., None], place: Place, said: dict[str, Any]) -> None:
        work(place, **said)

    return _registering(app, name, run_with)


def _registering(
    app: typer.Typer, name: str, run_with: Callable[[Callable[..., None], Place, dict[str, Any]], None]
) -> Callable[[_Work], _Work]:
    def register(work: _Work) -> _Work:
        own = inspect.signature(work, eval_str=True)

        @functools.wraps(work)
        def run(context: typer.Context, db: str | None, operator: str | None, **said: Any) -> None:
            try:
                run_with(work, place_of(context, db, operator), said)
            except typer.BadParameter as error:  # it is printed as it is, whatever was typed
                error.message = plain(error.message)
                raise

        every = [_CONTEXT, *list(own.parameters.values())[1:], _DATABASE, _OPERATOR]
        taken = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in every]
        run.__signature__ = own.replace(parameters=taken)  # type: ignore[attr-defined]
        run.__annotations__ = {each.name: each.annotation for each in taken} | {"return": None}
        app.command(name)(run)
        return work

    return register


_CONTEXT = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
_DATABASE = inspect.Parameter("db", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Database)
_OPERATOR = inspect.Parameter("operator", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Operator)
