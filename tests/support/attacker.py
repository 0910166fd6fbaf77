"""An attacker who has everything that is published, and integer programming.

He knows the rules and the arithmetic of the tables of people, and shares no code with what he attacks.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp


class Attacker:
    """Works out the range of every hidden cell of tables of people from a published results file."""

    def __init__(self, public: pd.DataFrame) -> None:
        rows = public[public["statistic"] == "people"].fillna({"group": ""})
        self.names = list(zip(rows["aspect"], rows["group"], rows["target_id"], strict=True))
        self.known = dict(zip(self.names, rows["estimate"], strict=True))
        everybody = public[(public["statistic"] == "n_used_people") & (public["target_id"] == "any")]
        self.total = float(everybody["estimate"].iloc[0])
        self.lines: list[tuple[dict, float, float]] = []
        self._collect()

    def _collect(self) -> None:
        for margin in ("country", "role", "language"):
            names = [name for name in self.names if name[0] == margin]
            visible = sum(self.known[name] for name in names if not np.isnan(self.known[name]))
            complete = visible < self.total  # with nothing hidden the sum tells whether somebody is left out
            hidden = {name: 1.0 for name in names if np.isnan(self.known[name])}
            self._add(hidden, self.total - visible, complete and bool(hidden))
            for value in [name[2] for name in names] if margin != "language" else []:
                cells = [
                    n for n in self.names if n[0] == "country_role" and n[1 if margin == "country" else 2] == value
                ]
                line = {name: 1.0 for name in cells if np.isnan(self.known[name])}
                rest = -sum(self.known[name] for name in cells if not np.isnan(self.known[name]))
                whole = self.known[(margin, "", value)]
                if np.isnan(whole):
                    line[(margin, "", value)] = -1.0
                else:
                    rest += whole
                self._add(line, rest, True)

    def _add(self, line: dict, rest: float, exact: bool) -> None:
        if line:
            self.lines.append((line, rest if exact else -np.inf, rest))

    def range_of(self, cell: tuple[str, str, str]) -> tuple[int, int]:
        unknown = [name for name in self.names if np.isnan(self.known[name])]
        place = {name: number for number, name in enumerate(unknown)}
        table = np.zeros((len(self.lines), len(unknown)))
        for number, (line, _, _) in enumerate(self.lines):
            for name, sign in line.items():
                table[number, place[name]] = sign
        rules = LinearConstraint(table, [low for _, low, _ in self.lines], [high for _, _, high in self.lines])
        found = []
        for sign in (1, -1):
            goal = np.zeros(len(unknown))
            goal[place[cell]] = sign
            answer = milp(goal, constraints=rules, integrality=np.ones(len(unknown)), bounds=Bounds(0, self.total))
            assert answer.status == 0, "the published numbers contradict each other"
            found.append(round(sign * answer.fun))
        return found[0], found[1]
