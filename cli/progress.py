"""Progress bars on standard error: only for people, so nothing where it is no terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cli.output import notes


def bar() -> Progress:
    """A progress display in the one form that all commands have; it disappears at its end."""
    console = notes()
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=40),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


@contextmanager
def counting(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar that is moved on by calling what it gives."""
    with bar() as progress:
        task = progress.add_task(what, total=total, note="")
        yield lambda steps: progress.advance(task, steps)


@contextmanager
def working(at_first: str) -> Iterator[Callable[[str], None]]:
    """A line that says what is being done, and turns so that it is seen to go on; what it gives changes the words."""
    console = notes()
    if not console.is_terminal:
        yield lambda _what: None
        return
    with console.status(escape(f"{at_first} …")) as status:
        yield lambda what: status.update(escape(f"{what} …"))
