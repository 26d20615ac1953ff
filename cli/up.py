"""`slotwise up`: everything that the product needs, running until Ctrl-C."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import JsonOption, examples
from cli.output import answers, notes, print_json

if TYPE_CHECKING:
    from cli.instance import Instance

EXAMPLES = examples("""
    slotwise up                        everything; data lasts beside the code
    slotwise up --data /srv/slotwise --port 8080
    DATABASE_URL=... REDIS_URL=... slotwise up     with services of your own

    Where DATABASE_URL or REDIS_URL is set, that service is used; otherwise
    PostgreSQL 18 and Valkey are started in the data folder, out of the
    optional wheels. One instance runs per folder. Everything restarts what
    dies, and Ctrl-C or SIGTERM ends all of it. The logs are in FOLDER/logs.

    It listens on this machine only, unless --host says otherwise. Elsewhere it
    takes encryption (--tls-certificate and --tls-key, or a proxy that
    encrypts, named by TRUSTED_PROXIES), ALLOWED_HOSTS, and passwords on the
    services: what is missing is named.
    """)

HostOption = Annotated[str, typer.Option(help="An address of this machine's; 0.0.0.0 or ::, all of them.")]
PortOption = Annotated[
    int | None,
    typer.Option(min=1, max=65535, help="Where the API listens.", show_default="8000, or any free one"),
]
WorkersOption = Annotated[
    int | None,
    typer.Option(min=1, max=64, help="How many plans are made at once.", show_default="one per processor, up to 4"),
]


def up(
    data: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where the data lasts.", show_default=".data of the checkout")
    ] = None,
    host: HostOption = "127.0.0.1",
    port: PortOption = None,
    tls_certificate: Annotated[
        Path | None,
        typer.Option(metavar="FILE", dir_okay=False, exists=True, help="To encrypt with: PEM, with its chain."),
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option(metavar="FILE", dir_okay=False, exists=True, help="The certificate's key: PEM.")
    ] = None,
    workers: WorkersOption = None,
    as_json: JsonOption = False,
) -> None:
    """Start database, queue, workers and API, and keep them running.

    The data is kept: the next start goes on where this one ended.
    """
    from cli.instance import running_instance  # noqa: PLC0415  # see cli/main.py
    from cli.instances import up_folder  # noqa: PLC0415
    from cli.listening import Listening  # noqa: PLC0415

    with (
        starting() as say,
        running_instance(
            data or up_folder(),
            listening=Listening(host, port, tls_certificate, tls_key),
            workers=workers or default_workers(),
            say=say,
        ) as instance,
    ):
        say("")
        tell(instance, as_json=as_json)
        if not as_json:
            _tell_first_admin(data)
        instance.supervisor.wait()
        notes().print("Stopping.")


def _tell_first_admin(data: Path | None) -> None:
    """Say how to make the first admin, as long as there is none."""
    import shlex  # noqa: PLC0415  # see cli/main.py

    from cli.database import reached  # noqa: PLC0415
    from models.access.users import has_admin  # noqa: PLC0415

    with reached("this instance") as session:
        if has_admin(session):
            return
    folder = f" --data {shlex.quote(str(data))}" if data else ""
    out = answers()
    out.print("Nobody can sign in as an admin yet. In another terminal:")
    add = f'slotwise user add NAME --name "First and last name" --admin{folder}'
    out.print(f"  {add}", markup=False, soft_wrap=True)


def default_workers() -> int:
    """One worker process per processor, up to four."""
    return min(4, os.cpu_count() or 1)


@contextmanager
def starting() -> Iterator[Callable[[str], None]]:
    """Say what is being waited for; an empty text ends it. A spinner for people, lines elsewhere."""
    console = notes()
    status = console.status("Starting")

    def say(what: str) -> None:
        if not what:
            status.stop()
        elif console.is_terminal:
            status.update(what)
            status.start()
        else:
            console.print(f"{what}.")

    try:
        yield say
    finally:
        status.stop()


def tell(instance: "Instance", *, as_json: bool, schedule: str = "/app/schedule") -> None:
    """Say where everything is; `schedule` is the path of the page to begin with."""
    docs, pages = f"{instance.api}/docs", f"{instance.api}{schedule}"
    if as_json:
        addresses = {
            "schedule": pages,
            "api": instance.api,
            "docs": docs,
            "data": str(instance.folder),
            "database": instance.database,
        }
        print_json(addresses)
        return
    out = answers()
    out.print("Slotwise runs.")
    for name, value in (
        ("Schedule", pages),
        ("API", instance.api),
        ("API docs", docs),
        ("Data", instance.folder),
        ("Database", instance.database),
    ):
        out.print(f"  {name:10}{value}", soft_wrap=True)
    out.print("Ctrl-C stops it.")
