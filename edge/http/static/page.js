"use strict";

// The page of labeld: it shows what /events tells. Whatever comes is text, never markup.

const RETRY_MS = 3000;
const SILENT_MS = 10000;

let last = 0;

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function ago(seconds) {
  if (seconds === null) return "never";
  if (seconds < 1.5) return "just now";
  if (seconds < 90) return Math.round(seconds) + " s ago";
  if (seconds < 5400) return Math.round(seconds / 60) + " min ago";
  if (seconds < 129600) return Math.round(seconds / 3600) + " h ago";
  return Math.round(seconds / 86400) + " days ago";
}

function bytes(count) {
  return count < 1e9 ? (count / 1e6).toFixed(1) + " MB" : (count / 1e9).toFixed(1) + " GB";
}

function sparkline(counts) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const most = Math.max(1, ...counts);
  svg.setAttribute("viewBox", "0 0 " + (counts.length - 1) + " 1");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("class", "spark wide");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", "labels in each minute of the last hour, at the most " + Math.max(...counts));
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", counts.map((count, x) => (x ? "L" : "M") + x + " " + (0.98 - 0.96 * count / most).toFixed(3)).join(""));
  svg.append(path);
  return svg;
}

function source(facts) {
  const card = element("li", undefined, facts.up ? "" : "down");
  const title = element("h3", facts.name);
  title.append(" ", element("span", facts.kind, "faint"));
  card.append(title);
  if (facts.picture) {
    const picture = element("img");
    picture.src = "picture?source=" + encodeURIComponent(facts.name) + "&number=" + facts.number;
    picture.alt = "the last picture of " + facts.name;
    card.append(picture);
  } else {
    card.append(element("span"));
  }
  const label = element("p", facts.label === null ? "no label yet" : facts.label, "label");
  if (facts.score !== null) label.append(" ", element("span", facts.score.toFixed(2), "faint"));
  card.append(label);
  const status = element("p", facts.status + (facts.reason ? ": " + facts.reason : ""), facts.up ? "good wide" : "bad wide");
  card.append(status);
  const rate = facts.minutes[facts.minutes.length - 2];
  card.append(element("p", ago(facts.age_s) + (facts.image ? ", " + facts.image : "") + "; " + rate + " in the last full minute", "faint wide"));
  card.append(sparkline(facts.minutes));
  return card;
}

function fill(id, pairs) {
  const list = document.getElementById(id);
  list.replaceChildren();
  for (const [name, value, className] of pairs) {
    if (value === null || value === undefined) continue;
    list.append(element("dt", name));
    const said = element("dd", undefined, className);
    said.append(value);
    list.append(said);
  }
}

function link(text, target) {
  const made = element("a", text);
  made.href = target;
  return made;
}

function interval(value, range) {
  if (value === null) return null;
  return value.toFixed(3) + (range ? " (" + range[0].toFixed(2) + " to " + range[1].toFixed(2) + ")" : "");
}

function show(state) {
  document.title = "labeld " + state.device;
  document.getElementById("device").textContent = state.device;
  document.getElementById("version").textContent = state.version;
  const troubles = document.getElementById("troubles");
  troubles.hidden = !state.troubles.length;
  troubles.textContent = state.troubles.join("; ");
  document.getElementById("sources").replaceChildren(...state.sources.map(source));
  const model = state.model;
  fill("model", model === null ? [["model", "is being loaded"]] : [
    ["name", model.name],
    ["run by", model.form],
    ["classes", String(model.classes)],
    ["accuracy", interval(model.accuracy, model.accuracy_interval)],
    ["macro-F1", interval(model.macro_f1, model.macro_f1_interval)],
    ["report", model.report ? link("how good it is, and what it gets wrong", "report") : null],
  ]);
  const broker = state.broker;
  fill("broker", [
    ["broker", broker.name + (broker.connected ? ": connected" : ": not connected"), broker.connected ? "good" : "bad"],
    ["labels waiting", broker.messages + " (" + bytes(broker.bytes) + ")"],
    ["on disk", broker.on_disk ? "can be written" : "cannot be written", broker.on_disk ? "" : "bad"],
  ]);
  fill("machine", state.machine.map((fact) => [fact.name, fact.value]));
  const warnings = state.warnings.map((one) => {
    const line = element("li", one.text, one.level === "WARNING" ? "" : "bad");
    line.prepend(element("span", ago(one.age_s) + (one.times > 1 ? ", " + one.times + " times" : "") + " ", "faint"));
    return line;
  });
  document.getElementById("warnings").replaceChildren(...(warnings.length ? warnings : [element("li", "none", "faint")]));
}

function say(text, className) {
  const live = document.getElementById("live");
  if (live.textContent !== text) live.textContent = text;
  live.className = className;
}

function listen() {
  const events = new EventSource("events");
  events.onmessage = (event) => {
    last = Date.now();
    say("live", "good");
    show(JSON.parse(event.data));
  };
  events.onerror = () => {
    // a connection lasts as long as http.timeout_s; the browser makes the next one, unless refused
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, RETRY_MS);
  };
}

setInterval(() => {
  if (last && Date.now() - last > SILENT_MS) say("no answer since " + ago((Date.now() - last) / 1000), "bad");
}, 1000);

listen();
