// Scores of the self-assessment. Pure: no document, clock, storage or chance. Mirrors selfassessment/scoring.py.
export const NO_ANSWER = ["not_applicable", "prefer_not_to_say"];

export function needed(nItems, share) {
  return Math.max(1, Math.ceil(nItems * share - 1e-9));
}

export function scoreSkill(items, answers, limits, share) {
  const [low, high] = limits;
  let total = 0;
  let answered = 0;
  for (const item of items) {
    const value = Object.hasOwn(answers, item.id) ? answers[item.id] : null;
    if (value === null || value === undefined || NO_ANSWER.includes(value)) continue;
    if (!Number.isInteger(value) || value < low || value > high) {
      throw new RangeError(`item ${item.id}: ${value}; allowed: whole numbers from ${low} to ${high}`);
    }
    total += item.key === -1 ? low + high - value : value;
    answered += 1;
  }
  return { total, answered, items: items.length, enough: answered >= needed(items.length, share) };
}

export function dividedHalfUp(numerator, denominator) {
  const size = Math.floor((2 * Math.abs(numerator) + denominator) / (2 * denominator));
  return numerator < 0 ? -size : size;
}

export function tenthsText(tenths, mark) {
  const size = Math.abs(tenths);
  return `${tenths < 0 ? "\u2212" : ""}${Math.floor(size / 10)}${mark}${size % 10}`;
}

export function wholeText(value) {
  return `${value < 0 ? "\u2212" : ""}${Math.abs(value)}`;
}

export function scoreText(score, mark) {
  return tenthsText(dividedHalfUp(10 * score.total, score.answered), mark);
}

export function wholeScore(score) {
  return dividedHalfUp(score.total, score.answered);
}

export function bandTenths(score, halfWidth, limits) {
  const low = Math.max(1000 * score.total - halfWidth * score.answered, 1000 * limits[0] * score.answered);
  const high = Math.min(1000 * score.total + halfWidth * score.answered, 1000 * limits[1] * score.answered);
  return [dividedHalfUp(low, 100 * score.answered), dividedHalfUp(high, 100 * score.answered)];
}

export function differ(first, second, halfWidths, factor = 1) {
  const gap = first.total * second.answered - second.total * first.answered;
  const error = Math.sqrt(halfWidths[0] * halfWidths[0] + halfWidths[1] * halfWidths[1]);
  if (Math.abs(gap) * 1000 > first.answered * second.answered * error * factor) return gap > 0 ? 1 : -1;
  return 0;
}
