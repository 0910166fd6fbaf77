"""Algebra of crossed designs persons x one or two facets: mean squares, components, coefficients, from totals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations

import numpy as np

from .checks import FloatArray
from .resampling import TotalsStatistic

PERSON = "p"
Effect = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CrossedDesign:
    """A complete design: every person meets every combination of the levels of one or two facets.

    Parameters
    ----------
    letters : tuple of str
        Letters of the facets, e.g. ``("i", "r")``.
    levels : tuple of int
        Levels of each facet.
    """

    letters: tuple[str, ...]
    levels: tuple[int, ...]

    @property
    def effects(self) -> tuple[Effect, ...]:
        """Return all effects: p, i, r, pi, pr, ir, pir for two facets."""
        factors = (PERSON, *self.letters)
        return tuple(chain.from_iterable(combinations(factors, size) for size in range(1, len(factors) + 1)))

    def size(self, letters: Sequence[str], n_persons: FloatArray) -> FloatArray:
        """Return the product of the numbers of levels of some factors, shape of `n_persons`."""
        known = dict(zip(self.letters, self.levels, strict=True))
        product = np.ones_like(n_persons)
        for letter in letters:
            product = product * (n_persons if letter == PERSON else known[letter])
        return product

    def contributions(self, scores: FloatArray) -> FloatArray:
        """Return what each person adds to the totals, from scores of shape (n_persons, *levels), centred.

        Columns: the scores; for each effect with p the sum of squared means of the person over the other facets;
        1.
        """
        n = len(scores)
        squares = []
        for effect in self.effects:
            if PERSON in effect:
                squares.append((self._mean(scores, effect, skip=1) ** 2).reshape(n, -1).sum(axis=1))
        return np.column_stack([scores.reshape(n, -1), *squares, np.ones(n)])

    def _mean(self, scores: FloatArray, effect: Effect, *, skip: int) -> FloatArray:
        """Return means over the facets that are not in the effect; facet axes start at `skip`."""
        over = tuple(skip + place for place, letter in enumerate(self.letters) if letter not in effect)
        return np.asarray(scores.mean(axis=over)) if over else scores

    def mean_squares(self, totals: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return mean squares and degrees of freedom of all effects, each of shape (n_replicates, n_effects)."""
        n = totals[:, -1]
        cells = int(np.prod(self.levels))
        means = (totals[:, :cells] / n[:, None]).reshape(-1, *self.levels)
        factors = (PERSON, *self.letters)
        raw: dict[Effect, FloatArray] = {(): self.size(factors, n) * means.reshape(len(n), -1).mean(axis=1) ** 2}
        place = cells
        for effect in self.effects:
            others = self.size([letter for letter in factors if letter not in effect], n)
            if PERSON in effect:
                raw[effect] = others * totals[:, place]
                place += 1
            else:
                of_means = self._mean(means, effect, skip=1)
                raw[effect] = others * (of_means**2).reshape(len(n), -1).sum(axis=1)
        squares, freedom = [], []
        for effect in self.effects:
            subsets = chain.from_iterable(combinations(effect, size) for size in range(len(effect) + 1))
            sum_of_squares = sum((-1) ** (len(effect) - len(part)) * raw[part] for part in subsets)
            df = np.prod([self.size([letter], n) - 1 for letter in effect], axis=0)
            freedom.append(df)
            squares.append(np.where(df > 0.5, np.maximum(sum_of_squares, 0) / np.maximum(df, 1), np.nan))
        found = np.stack(squares, axis=1)
        rounding = 1e-14 * np.nanmax(found, axis=1, keepdims=True, initial=0)
        return np.where(found > rounding, found, found * 0), np.stack(freedom, axis=1)

    def weights(self, n_persons: FloatArray) -> FloatArray:
        """Return the matrix that turns mean squares into components, shape (n_replicates, n_effects, n_effects).

        Expected mean squares solved: for an effect, the alternating sum of the mean squares of all effects that
        contain it, divided by the number of observations per level of the effect.
        """
        factors = (PERSON, *self.letters)
        matrix = np.zeros((len(n_persons), len(self.effects), len(self.effects)))
        for row, effect in enumerate(self.effects):
            per_level = self.size([letter for letter in factors if letter not in effect], n_persons)
            for column, other in enumerate(self.effects):
                if set(effect) <= set(other):
                    matrix[:, row, column] = (-1) ** (len(other) - len(effect)) / per_level
        return matrix

    def components(self, totals: FloatArray) -> FloatArray:
        """Return the variance components as estimated, also negative ones, shape (n_replicates, n_effects)."""
        squares, _ = self.mean_squares(totals)
        return np.asarray((self.weights(totals[:, -1]) @ squares[:, :, None])[:, :, 0])

    def parts(
        self, components: FloatArray, sizes: Mapping[str, int], fixed: Sequence[str]
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return universe-score, relative-error and absolute-error variance of the mean over so many levels.

        `components` of shape (n_replicates, n_effects), negative ones set to zero before. An effect is error when
        a random facet is in it; one of p and fixed facets alone belongs to the universe score.
        """
        universe, relative, absolute = (np.zeros(len(components)) for _ in range(3))
        for column, effect in enumerate(self.effects):
            facets = [letter for letter in effect if letter != PERSON]
            share = components[:, column] / np.prod([sizes[letter] for letter in facets])
            random = any(letter not in fixed for letter in facets)
            if random:
                absolute = absolute + share
                relative = relative + share if PERSON in effect else relative
            elif PERSON in effect:
                universe = universe + share
        return universe, relative, absolute

    def coefficient(self, sizes: Mapping[str, int], fixed: Sequence[str], *, absolute: bool) -> TotalsStatistic:
        """Return the generalizability (or, `absolute`, the dependability) coefficient as a function of totals."""

        def function(totals: FloatArray) -> FloatArray:
            found = np.maximum(self.components(totals), 0)
            universe, relative, whole = self.parts(found, sizes, fixed)
            error = whole if absolute else relative
            value = np.full(len(totals), np.nan)
            np.divide(universe, universe + error, out=value, where=universe + error > 1e-12 * found.max(axis=1))
            return value

        return function
