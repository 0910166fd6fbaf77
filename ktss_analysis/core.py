"""The few value types that every other module shares, and the errors a user may see."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal

Status = Literal["ok", "too_few", "undefined", "masked"]


class KtssError(Exception):
    """Base of every error that is the user's to read: the message says what, where and what to do."""


class InputError(KtssError, ValueError):
    """A data file does not hold what it should.

    Parameters
    ----------
    problem : str
        What is wrong, in one clause.
    file, row, column : str, int, str, optional
        Where: the file's name, the row as a spreadsheet counts it (header = 1), the column's header.
    found : object, optional
        The value that stands there.
    allowed : str, optional
        What could stand there instead.
    """

    def __init__(
        self,
        problem: str,
        *,
        file: object = None,
        row: int | None = None,
        column: str | None = None,
        found: object = None,
        allowed: str | None = None,
    ) -> None:
        self.problem, self.file, self.row, self.column = problem, file, row, column
        self.found, self.allowed = found, allowed
        super().__init__(self._message())

    def _message(self) -> str:
        where = [str(self.file)] if self.file is not None else []
        if self.row is not None:
            where.append(f"row {self.row}")
        if self.column is not None:
            where.append(f"column {self.column!r}")
        text = f"{', '.join(where)}: {self.problem}" if where else self.problem
        if self.found is not None:
            text += f"; found {self.found!r}"
        if self.allowed is not None:
            text += f"; allowed: {self.allowed}"
        return text


class StudyError(KtssError, ValueError):
    """A study, framework or rules file is wrong; the message lists file, path in the file and line."""


class StatisticError(KtssError, ValueError):
    """A statistic was called with data or options it is not defined for."""


class PipelineError(KtssError, RuntimeError):
    """A step of the run failed, or its inputs are not what an earlier step wrote."""


class AuditError(KtssError, RuntimeError):
    """A file, a number or a link of a run does not agree with its record."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """One number with its uncertainty and its base.

    Parameters
    ----------
    value : float or None
        The point estimate; None whenever `status` is not ``"ok"``.
    low, high : float or None
        Limits of the interval; None when no interval is defined for the method.
    level : float or None
        Confidence level of the interval, 0 to 1.
    method : str
        Definition, estimator and interval method, e.g. ``"raw alpha, listwise; Feldt interval"``.
    n_used, n_missing : int
        Persons (or units) the value rests on, and those left out for missing answers.
    status : {"ok", "too_few", "undefined", "masked"}
        Why there is no number, if there is none.
    reason : str
        In words, filled whenever `status` is not ``"ok"``.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    level: float | None = None
    method: str = ""
    n_used: int = 0
    n_missing: int = 0
    status: Status = "ok"
    reason: str = ""

    def __post_init__(self) -> None:
        if self.status == "ok":
            if self.value is None or self.value != self.value:
                raise StatisticError("an estimate with status 'ok' needs a number")
            return
        if not self.reason:
            raise StatisticError(f"an estimate with status {self.status!r} needs a reason")
        for name in ("value", "low", "high"):
            object.__setattr__(self, name, None)

    @classmethod
    def absent(cls, status: Status, reason: str, *, method: str = "", n_used: int = 0, n_missing: int = 0) -> Estimate:
        """Return an estimate without a number, and why."""
        return cls(None, None, None, None, method, n_used, n_missing, status, reason)

    def as_row(self) -> dict[str, Any]:
        """Return the fields under the glossary's column names (see `ktss_analysis.glossary`)."""
        renamed = {"value": "estimate", "low": "ci_low", "high": "ci_high", "level": "ci_level"}
        return {renamed.get(field.name, field.name): getattr(self, field.name) for field in fields(self)}
