// The page: restores, counts, shows, saves. It never sends anything; see the policy in the page's head.
const data = JSON.parse(document.getElementById("data").textContent);
const text = makeTexts(data.strings, data.language);
const byId = (id) => document.getElementById(id);
const items = data.skills.flatMap((skill) => skill.items.map((item) => item.id));
const storageKey = `ktss:${data.id}:${data.version}:${data.language}:${data.hash}`;
const forColleague = location.hash === "#colleague";
let occasion = 1;
let person = "";
let started = null;
let seconds = 0;
let filledOn = null;

document.documentElement.classList.add("scripted");
for (const part of document.querySelectorAll(".script")) part.hidden = false;
byId("colleague").hidden = !forColleague;
if (forColleague) byId("result-heading").textContent = text("result.colleague_heading");

function answersNow() {
  const answers = {};
  for (const id of items) {
    const chosen = document.querySelector(`input[name="${CSS.escape(id)}"]:checked`);
    if (!chosen) answers[id] = null;
    else answers[id] = /^-?\d+$/.test(chosen.value) ? Number(chosen.value) : chosen.value;
  }
  return answers;
}

function fillIn(answers) {
  let count = 0;
  for (const id of items) {
    const value = Object.hasOwn(answers, id) ? answers[id] : null;
    for (const radio of document.getElementsByName(id)) {
      radio.checked = value !== null && radio.value === String(value);
      if (radio.checked) count += 1;
    }
  }
  showProgress();
  return count;
}

function today() {
  const now = new Date();
  const two = (number) => String(number).padStart(2, "0");
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}

function elapsed() {
  return Math.round(seconds + (started === null ? 0 : (performance.now() - started) / 1000));
}

function resultFile() {
  if (!person) person = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const instrument = { id: data.id, version: data.version, language: data.language, hash: data.hash };
  return {
    kind: "ktss-self-assessment", format_version: 1, instrument, created: filledOn ?? today(), occasion,
    respondent: forColleague ? "colleague" : "self", person_code: person, seconds: elapsed(), answers: answersNow(),
  };
}

// ---- keeping answers on this device: only when asked, and a browser may refuse

function storage(action) {
  try {
    return action(window.localStorage);
  } catch {
    return undefined;
  }
}

function keep() {
  if (forColleague || !byId("keep").checked) return;
  const kept = storage((place) => {
    place.setItem(storageKey, JSON.stringify(resultFile()));
    return true;
  });
  if (!kept) {
    byId("keep").checked = false;
    byId("keep-state").textContent = text("keep.failed");
  }
}

function restore() {
  if (forColleague) return;
  const saved = storage((place) => place.getItem(storageKey));
  if (!saved) return;
  let content = null;
  try {
    content = JSON.parse(saved);
  } catch {
    return;
  }
  if (fileProblem(data, content) !== null) return;
  takeOver(content);
  byId("keep").checked = true;
  byId("keep-state").textContent = text("keep.on");
}

function takeOver(content) {
  const count = fillIn(content.answers);
  person = /^[0-9a-f]{16}$/.test(content.person_code ?? "") ? content.person_code : "";
  occasion = Number.isInteger(content.occasion) && content.occasion > 0 ? content.occasion : 1;
  seconds = Number.isFinite(content.seconds) && content.seconds > 0 ? content.seconds : 0;
  return count;
}

// ---- progress, review, result

function showProgress() {
  const answers = answersNow();
  const done = items.filter((id) => answers[id] !== null).length;
  byId("done").value = done;
  byId("done-text").textContent = text("progress", { done, all: items.length });
}

function element(name, content = "", attributes = {}) {
  const node = document.createElement(name);
  node.textContent = content;
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

function showReview() {
  const answers = answersNow();
  const open = items.filter((id) => answers[id] === null);
  byId("review-text").textContent = open.length ? text("review.open", { n: open.length }, open.length) : text("review.complete");
  byId("review-note").hidden = open.length === 0;
  byId("review-open").replaceChildren(
    ...open.map((id) => {
      const entry = element("li");
      const legend = byId(`f-${id}`).querySelector("legend").firstChild.textContent;
      entry.append(element("a", legend, { href: `#f-${id}` }));
      return entry;
    }),
  );
  byId("review").hidden = false;
  byId("review-heading").focus();
}

function svg(name, attributes, content = "") {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.textContent = content;
  return node;
}

function wrapped(name, most) {
  const lines = [""];
  for (const word of name.split(" ")) {
    const longer = lines.at(-1) ? `${lines.at(-1)} ${word}` : word;
    if (longer.length <= most || !lines.at(-1)) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

function drawChart(scores) {
  const [low, high] = data.limits;
  const banded = data.skills.some((skill, place) => halfWidth(skill, scores[place]) !== null);
  const width = Math.min(640, Math.max(280, byId("chart").clientWidth));
  const place = (value) => 12 + ((value - low) / (high - low)) * (width - 24);
  const chart = svg("svg", { role: "img", "aria-labelledby": "chart-name" });
  chart.append(svg("title", { id: "chart-name" }, text(banded ? "result.chart_bands" : "result.chart", { low, high })));
  let y = 0;
  data.skills.forEach((skill, index) => {
    const score = scores[index];
    for (const line of wrapped(skill.name, Math.floor(width / 9))) chart.append(svg("text", { x: 12, y: (y += 19), class: "name" }, line));
    y += 13;
    chart.append(svg("line", { x1: place(low), x2: place(high), y1: y, y2: y, class: "axis" }));
    for (let point = low; point <= high && high - low <= 10; point += 1) {
      chart.append(svg("line", { x1: place(point), x2: place(point), y1: y - 4, y2: y + 4, class: "axis" }));
    }
    if (score.enough) drawScore(chart, skill, score, y, place);
    y += 14;
  });
  y += 12;
  for (const [value, anchor] of [[low, "start"], [high, "end"]]) {
    const label = `${wholeText(value)} ${data.labels[value - low]}`;
    chart.append(svg("text", { x: anchor === "start" ? 6 : width - 6, y, "text-anchor": anchor, class: "end" }, label));
  }
  chart.setAttribute("viewBox", `0 0 ${width} ${y + 6}`);
  byId("chart").replaceChildren(chart);
}

function drawScore(chart, skill, score, y, place) {
  const half = halfWidth(skill, score);
  if (half !== null) {
    const [from, to] = bandTenths(score, half, data.limits).map((tenths) => place(tenths / 10));
    chart.append(svg("rect", { x: from, y: y - 7, width: Math.max(to - from, 2), height: 14, rx: 7, class: "band" }));
  }
  const shown = half === null ? wholeScore(score) : dividedHalfUp(10 * score.total, score.answered) / 10;
  chart.append(svg("circle", { cx: place(shown), cy: y, r: 6, class: "dot" }));
}

function showResult() {
  const answers = answersNow();
  filledOn = filledOn ?? today();
  const result = feedback(data, answers, text);
  const date = new Intl.DateTimeFormat(data.language, { dateStyle: "long", timeZone: "UTC" }).format(new Date(`${filledOn}T00:00:00Z`));
  byId("result-date").textContent = text("result.date", { date });
  byId("result-bands").textContent = result.bands;
  byId("scores").querySelector("tbody").replaceChildren(
    ...result.skills.map((entry, place) => {
      const line = element("tr");
      line.append(element("th", data.skills[place].name, { scope: "row" }));
      for (const value of [entry.score, entry.band, entry.answered]) line.append(element("td", value));
      return line;
    }),
  );
  byId("sentences").replaceChildren(
    ...result.skills.map((entry, place) => {
      const block = element("section", "", { "aria-labelledby": `r-${entry.id}` });
      block.append(element("h3", data.skills[place].name, { id: `r-${entry.id}` }));
      for (const sentence of [entry.sentence, entry.norm, entry.modules]) if (sentence) block.append(element("p", sentence));
      return block;
    }),
  );
  byId("differences").textContent = result.differences;
  byId("result").hidden = false;
  drawChart(scoresOf(data, answers));
  byId("result-heading").focus();
}

// ---- files in and out

async function readFile(input, stateId, use) {
  const file = input.files[0];
  input.value = "";
  if (!file) return;
  let content = null;
  try {
    if (file.size <= 1_000_000) content = JSON.parse(await file.text());
  } catch {
    content = null;
  }
  const problem = fileProblem(data, content);
  if (problem === null) use(content);
  else byId(stateId).textContent = text(...problem);
}

function compareWith(content) {
  byId("compare-state").textContent = "";
  const other = content.respondent === "colleague";
  const date = typeof content.created === "string" ? content.created.slice(0, 10) : "";
  byId("comparison-intro").textContent = text(other ? "compare.colleague" : "compare.earlier", { date });
  const entries = comparison(data, content.answers, answersNow(), text);
  byId("changes").replaceChildren(
    ...entries.map((entry, place) => element("li", other ? `${data.skills[place].name}: ${entry.score}` : `${entry.sentence} (${entry.score})`)),
  );
  if (!other && JSON.stringify(content.answers) !== JSON.stringify(answersNow())) {
    person = /^[0-9a-f]{16}$/.test(content.person_code ?? "") ? content.person_code : person;
    occasion = Math.max(occasion, (Number.isInteger(content.occasion) ? content.occasion : 1) + 1);
    keep();
  }
  byId("comparison").hidden = false;
  byId("comparison-heading").focus();
}

function save(content, type, ending) {
  const link = element("a", "", { download: `${data.id}-${data.language}-${today()}.${ending}` });
  const address = URL.createObjectURL(new Blob([content], { type }));
  link.href = address;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

function csvCell(value) {
  const cell = value === null || value === undefined ? "" : String(value);
  return /[",\n;]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

function csvOf(file) {
  const { kind, format_version, instrument, answers, ...rest } = file;
  const flat = { kind, format_version };
  for (const [name, value] of Object.entries(instrument)) flat[`instrument_${name}`] = value;
  Object.assign(flat, rest, answers);
  return `${Object.keys(flat).map(csvCell).join(",")}\n${Object.values(flat).map(csvCell).join(",")}\n`;
}

function erase() {
  storage((place) => place.removeItem(storageKey));
  [person, occasion, seconds, started, filledOn] = ["", 1, 0, null, null];
  fillIn({});
  byId("keep").checked = false;
  byId("keep-state").textContent = text("keep.off");
  for (const id of ["review", "result", "comparison", "erase-sure"]) byId(id).hidden = true;
  byId("chart").replaceChildren();
  byId("sentences").replaceChildren();
  byId("scores").querySelector("tbody").replaceChildren();
  byId("erase-state").textContent = text("erase.done");
}

// ---- what reacts to what

byId("questions").addEventListener("change", () => {
  started ??= performance.now();
  filledOn = null;
  byId("erase-state").textContent = "";
  showProgress();
  keep();
  if (!byId("result").hidden) byId("result").hidden = true;
});
byId("keep").addEventListener("change", () => {
  if (byId("keep").checked) {
    byId("keep-state").textContent = text("keep.on");
    keep();
  } else {
    storage((place) => place.removeItem(storageKey));
    byId("keep-state").textContent = text("keep.off");
  }
});
byId("review-open").addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link) return;
  event.preventDefault();
  const target = byId(link.getAttribute("href").slice(1));
  target.scrollIntoView({ block: "center" });
  target.querySelector("input").focus();
});
byId("to-review").addEventListener("click", showReview);
byId("to-result").addEventListener("click", showResult);
byId("resume").addEventListener("change", (event) =>
  readFile(event.target, "resume-state", (content) => {
    const n = takeOver(content);
    byId("resume-state").textContent = text("resume.done", { n }, n);
    keep();
  }),
);
byId("compare").addEventListener("change", (event) => readFile(event.target, "compare-state", compareWith));
byId("save-json").addEventListener("click", () => save(`${JSON.stringify(resultFile(), null, 1)}\n`, "application/json", "json"));
byId("save-csv").addEventListener("click", () => save(csvOf(resultFile()), "text/csv", "csv"));
byId("print").addEventListener("click", () => window.print());
byId("erase").addEventListener("click", () => {
  byId("erase-sure").hidden = false;
  byId("erase-yes").focus();
});
byId("erase-yes").addEventListener("click", () => {
  erase();
  byId("erase").focus();
});
byId("erase-no").addEventListener("click", () => {
  byId("erase-sure").hidden = true;
  byId("erase").focus();
});
if (forColleague) byId("for-colleague").closest("li").hidden = true;

restore();
showProgress();
