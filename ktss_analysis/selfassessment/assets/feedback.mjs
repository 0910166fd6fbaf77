// What a person reads after answering. Pure, and the same letters as selfassessment/feedback.py.
import { bandTenths, differ, scoreSkill, scoreText, tenthsText, wholeScore, wholeText } from "./score.mjs";

export function makeTexts(strings, language) {
  const plural = new Intl.PluralRules(language);
  return (key, slots = {}, count = null) => {
    const entry = strings[key];
    const text = typeof entry === "string" ? entry : entry[plural.select(count)] ?? entry.other;
    return text.replace(/\{(\w+)\}/g, (_, name) => String(slots[name]));
  };
}

export function scoresOf(data, answers) {
  return data.skills.map((skill) => scoreSkill(skill.items, answers, data.limits, data.share));
}

export function halfWidth(skill, score) {
  return skill.evidence && score.enough ? skill.evidence.half[String(score.answered)] ?? null : null;
}

function norm(skill, score, text) {
  const deciles = skill.evidence.deciles;
  if (!deciles.length) return "";
  const mean = score.total / score.answered;
  const surely = deciles.filter(([, , high]) => high < mean).length;
  const perhaps = deciles.filter(([, low]) => low <= mean).length + 1;
  return text("skill.norm_between", { n: skill.evidence.n_norm, low: 10 * surely, high: 10 * perhaps });
}

function skillEntry(data, skill, score, text) {
  const entry = {
    id: skill.id,
    score: text("table.no_score"),
    band: "\u2013",
    answered: text("table.answered_of", { n: score.answered, all: score.items }),
    norm: "",
    modules: skill.modules.length ? text("skill.modules", { modules: skill.modules.join(", ") }) : "",
  };
  if (!score.enough) {
    const slots = { n: skill.needed, items: score.items, answered: score.answered };
    entry.sentence = text("skill.too_few", slots, skill.needed);
    return entry;
  }
  const width = halfWidth(skill, score);
  if (width === null) {
    const point = wholeScore(score);
    entry.score = wholeText(point);
    entry.band = text("table.no_band");
    entry.sentence = text("skill.no_band", { score: wholeText(point), label: data.labels[point - data.limits[0]] });
    return entry;
  }
  const [low, high] = bandTenths(score, width, data.limits).map((tenths) => tenthsText(tenths, data.mark));
  entry.score = scoreText(score, data.mark);
  entry.band = `${low}\u00a0\u2013\u00a0${high}`;
  entry.sentence = text("skill.band", { score: entry.score, low, high });
  entry.norm = norm(skill, score, text);
  return entry;
}

function bands(data, text) {
  const people = data.skills.filter((skill) => skill.evidence).map((skill) => skill.evidence.n);
  if (!people.length) return text("bands.none");
  const fewest = Math.min(...people);
  return fewest < data.lower_bound_below ? text("bands.lower_bound", { n: fewest }) : "";
}

function differences(data, scores, text) {
  const ranked = data.skills
    .map((skill, place) => ({ skill, score: scores[place], width: halfWidth(skill, scores[place]) }))
    .filter((entry) => entry.width !== null);
  if (ranked.length < 2) return text("differences.unknown");
  let top = ranked[0];
  for (const entry of ranked.slice(1)) {
    if (entry.score.total * top.score.answered > top.score.total * entry.score.answered) top = entry;
  }
  const lower = ranked
    .filter((entry) => differ(entry.score, top.score, [entry.width, top.width], data.pair_factor) === -1)
    .map((entry) => entry.skill.name);
  if (!lower.length) return text("differences.none");
  return text("differences.some", { highest: top.skill.name, skills: lower.join(", ") });
}

export function feedback(data, answers, text) {
  const scores = scoresOf(data, answers);
  return {
    skills: data.skills.map((skill, place) => skillEntry(data, skill, scores[place], text)),
    bands: bands(data, text),
    differences: differences(data, scores, text),
  };
}

export function comparison(data, earlier, now, text) {
  const before = scoresOf(data, earlier);
  const after = scoresOf(data, now);
  return data.skills.map((skill, place) => {
    const [old, current] = [before[place], after[place]];
    const widths = [halfWidth(skill, old), halfWidth(skill, current)];
    const written = (score, width) => (width === null ? wholeText(wholeScore(score)) : scoreText(score, data.mark));
    let key;
    let shown = text("table.no_score");
    if (!old.enough || !current.enough) {
      key = "change.missing";
      if (old.enough) shown = written(old, widths[0]);
    } else if (widths[0] === null || widths[1] === null) {
      key = "change.unknown";
      shown = wholeText(wholeScore(old));
    } else {
      key = { 1: "change.up", "-1": "change.down", 0: "change.same" }[differ(current, old, widths)];
      shown = scoreText(old, data.mark);
    }
    return { id: skill.id, score: shown, sentence: text(key, { skill: skill.name }) };
  });
}

// Returns null for a file that belongs here, else the key and the slots of the reason why not.
export function fileProblem(data, content) {
  if (typeof content !== "object" || content === null || Array.isArray(content)) return ["file.wrong_kind", {}];
  const mine = content.instrument;
  if (content.kind !== "ktss-self-assessment" || content.format_version !== 1 || typeof mine !== "object" || !mine) {
    return ["file.wrong_kind", {}];
  }
  if (mine.id !== data.id) return ["file.wrong_instrument", { found: mine.id }];
  if (mine.version !== data.version) return ["file.wrong_version", { found: mine.version, version: data.version }];
  if (mine.language !== data.language) return ["file.wrong_language", { found: mine.language }];
  if (mine.hash !== data.hash) return ["file.wrong_text", {}];
  const answers = content.answers;
  if (typeof answers !== "object" || answers === null || Array.isArray(answers)) return ["file.wrong_kind", {}];
  const known = new Set(data.skills.flatMap((skill) => skill.items.map((item) => item.id)));
  for (const [item, value] of Object.entries(answers)) {
    const number = Number.isInteger(value) && value >= data.limits[0] && value <= data.limits[1];
    const fine = number || value === null || value === "not_applicable" || value === "prefer_not_to_say";
    if (!known.has(item) || !fine) return ["file.wrong_answer", { item, found: String(value) }];
  }
  return null;
}
