"""What a person sees of a run: a live table in a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from .record import StepRecord

if TYPE_CHECKING:
    from rich.table import Table

_WORDS = {"ran": "ran", "reused": "reused", "failed": "FAILED", "not_run": "not run"}
_STYLES = {"ran": "green", "reused": "dim", "failed": "bold red", "not_run": "yellow", "running": "cyan"}


class Progress(Protocol):
    """Told what happens; all calls come from the thread that called the runner."""

    def begin(self, names: Sequence[str]) -> None:
        """Announce the steps, in order."""

    def started(self, name: str, reason: str) -> None:
        """Announce that a step is being executed, and why."""

    def finished(self, step: StepRecord) -> None:
        """Announce what became of a step."""

    def warn(self, text: str) -> None:
        """Show a line that must not be overlooked."""

    def end(self) -> None:
        """Release the terminal; also called after an error."""


class Silent:
    """Shows nothing."""

    def begin(self, names: Sequence[str]) -> None:
        """Show nothing."""

    def started(self, name: str, reason: str) -> None:
        """Show nothing."""

    def finished(self, step: StepRecord) -> None:
        """Show nothing."""

    def warn(self, text: str) -> None:
        """Show nothing."""

    def end(self) -> None:
        """Show nothing."""


class PlainLines:
    """One line per step when it is over, one per warning; for logs and pipes."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream if stream is not None else sys.stderr
        self._width = 0

    def begin(self, names: Sequence[str]) -> None:
        """Remember how wide the names are."""
        self._width = max((len(name) for name in names), default=0)

    def started(self, name: str, reason: str) -> None:
        """Show nothing: the line comes with the result."""

    def finished(self, step: StepRecord) -> None:
        """Write the line of a step."""
        print(line_of(step, self._width), file=self.stream, flush=True)

    def warn(self, text: str) -> None:
        """Write a warning line."""
        print(f"warning: {text}", file=self.stream, flush=True)

    def end(self) -> None:
        """Show nothing more."""


def line_of(step: StepRecord, width: int = 0) -> str:
    """Return the line that tells what became of a step: state, name, seconds, reason."""
    seconds = f"{step.seconds['total']:6.1f} s" if "total" in step.seconds else " " * 8
    return f"{_WORDS[step.state]:<7}  {step.name:<{width}}  {seconds}  {step.reason}".rstrip()


class LiveTable:
    """A table of all steps that is redrawn while the run goes on; for terminals.

    Parameters
    ----------
    console : rich.console.Console, optional
        Where to draw; by default the standard error stream.
    """

    def __init__(self, console: Any = None) -> None:
        from rich.console import Console
        from rich.live import Live

        self.console = console if console is not None else Console(stderr=True)
        self._rows: dict[str, StepRecord | tuple[float, str] | None] = {}
        self._live = Live(console=self.console, refresh_per_second=4, get_renderable=self._table)

    def begin(self, names: Sequence[str]) -> None:
        """Draw the table with all steps waiting."""
        self._rows = dict.fromkeys(names)
        self._live.start()

    def started(self, name: str, reason: str) -> None:
        """Show a step as running."""
        self._rows[name] = (time.perf_counter(), reason)

    def finished(self, step: StepRecord) -> None:
        """Show what became of a step."""
        self._rows[step.name] = step

    def warn(self, text: str) -> None:
        """Print a warning above the table."""
        from rich.text import Text

        self.console.print(Text(f"warning: {text}", style="yellow"))

    def end(self) -> None:
        """Leave the last state of the table on the screen."""
        with contextlib.suppress(Exception):
            self._live.stop()

    def _table(self) -> Table:
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False)
        for title in ("step", "state", "seconds", "reason"):
            table.add_column(title, justify="right" if title == "seconds" else "left")
        for name, row in list(self._rows.items()):
            state, seconds, reason, style = _cells(row)
            table.add_row(Text(name), Text(state, style=style), seconds, Text(reason))
        return table


def _cells(row: StepRecord | tuple[float, str] | None) -> tuple[str, str, str, str]:
    if row is None:
        return "waiting", "", "", "dim"
    if isinstance(row, StepRecord):
        seconds = f"{row.seconds['total']:.1f}" if "total" in row.seconds else ""
        return _WORDS[row.state], seconds, row.reason, _STYLES[row.state]
    began, reason = row
    return "running", f"{time.perf_counter() - began:.1f}", reason, _STYLES["running"]


def make_progress(stream: TextIO | None = None) -> Progress:
    """Return a live table if `stream` (standard error by default) is a terminal, else plain lines."""
    stream = stream if stream is not None else sys.stderr
    if stream.isatty():
        from rich.console import Console

        return LiveTable(Console(file=stream))
    return PlainLines(stream)
