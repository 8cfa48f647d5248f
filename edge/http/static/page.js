"use strict";

// The page of labeld: it shows what /events tells. Whatever comes is text, never markup. Elements
// stay as long as what they show, so that nothing is taken from under a finger or a keyboard.

const RETRY_MS = 3000;
const SILENT_MS = 10000;
const SVG = "http://www.w3.org/2000/svg";

const cards = new Map();
let last = 0;
let sprite = "";

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function put(target, text) {
  if (target.textContent !== text) target.textContent = text;
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

// A line through the values of the last hour's minutes, with words beside it.
function plot() {
  const figure = element("figure", "wide");
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("class", "spark");
  svg.setAttribute("role", "img");
  const path = svg.appendChild(document.createElementNS(SVG, "path"));
  const caption = element("figcaption", "faint");
  figure.append(svg, caption);
  const draw = (values, told) => {
    const most = Math.max(...values) || 1;
    const points = values.map((value, x) => x + " " + (0.98 - 0.96 * value / most).toFixed(3));
    svg.setAttribute("viewBox", "0 0 " + (values.length - 1) + " 1");
    svg.setAttribute("aria-label", told + ", in each minute of the last hour");
    path.setAttribute("d", "M" + points.join("L"));
    put(caption, told);
  };
  return {figure, draw};
}

function newCard(name) {
  const card = {
    root: element("li"), kind: element("span", "faint"), label: element("p", "label"),
    score: element("span", "faint"), status: element("p", "wide"), when: element("p", "faint wide"),
    picture: element("a", "picture"), counts: plot(), ages: plot(), word: element("span"),
  };
  const title = element("h3", "", name + " ");
  title.append(card.kind);
  card.label.append(card.word, " ", card.score);
  card.picture.href = "picture?source=" + encodeURIComponent(name);
  card.picture.setAttribute("aria-label", "the last picture of " + name);
  card.picture.hidden = true;
  card.root.append(title, card.picture, card.label, card.status, card.when);
  card.root.append(card.counts.figure, card.ages.figure);
  return card;
}

function showSource(card, facts) {
  card.root.className = facts.up ? "" : "down";
  card.picture.hidden = !facts.number;
  put(card.kind, facts.kind);
  put(card.word, facts.label === null ? "no label yet" : facts.label);
  put(card.score, facts.score === null ? "" : facts.score.toFixed(2));
  put(card.status, facts.status + (facts.reason ? ": " + facts.reason : ""));
  card.status.className = facts.up ? "good wide" : "bad wide";
  const whole = facts.minutes[facts.minutes.length - 2];
  put(card.when, ago(facts.age_s) + (facts.image ? ", " + facts.image : "") + "; " + whole + " in the last whole minute");
  card.counts.draw(facts.minutes, "up to " + Math.max(...facts.minutes) + " labels a minute");
  card.ages.draw(facts.ages, "up to " + Math.max(...facts.ages).toFixed(1) + " s old");
}

function showSources(sources) {
  const names = new Set(sources.map((facts) => facts.name));
  for (const [name, card] of cards) {
    if (!names.has(name)) {
      card.root.remove();
      cards.delete(name);
    }
  }
  for (const facts of sources) {
    if (!cards.has(facts.name)) {
      cards.set(facts.name, newCard(facts.name));
      document.getElementById("sources").append(cards.get(facts.name).root);
    }
    showSource(cards.get(facts.name), facts);
  }
}

// All pictures come in one; each card shows its part of it.
function showPictures(sources, facts) {
  const wanted = "pictures?version=" + facts.version;
  if (!facts.version || wanted === sprite) return;
  sprite = wanted;
  const loading = new Image();
  loading.onload = () => sources.forEach((source, place) => {
    const card = cards.get(source.name);
    if (!card) return;
    const left = -facts.cell * (place % facts.columns);
    const top = -facts.cell * Math.floor(place / facts.columns);
    card.picture.style.backgroundImage = "url(\"" + loading.src + "\")";
    card.picture.style.backgroundPosition = left + "px " + top + "px";
  });
  loading.src = wanted;
}

// A list of names and values; each pair is [name, text, class, address].
function fill(id, pairs) {
  const list = document.getElementById(id);
  const told = JSON.stringify(pairs);
  if (list.dataset.told === told) return;
  list.dataset.told = told;
  list.replaceChildren();
  for (const [name, value, className, address] of pairs) {
    if (value === null || value === undefined) continue;
    const said = element("dd", className || "");
    const part = address ? element("a", "", value) : document.createTextNode(value);
    if (address) part.href = address;
    said.append(part);
    list.append(element("dt", "", name), said);
  }
}

function interval(value, range) {
  if (value === null) return null;
  return value.toFixed(3) + (range ? " (" + range[0].toFixed(2) + " to " + range[1].toFixed(2) + ")" : "");
}

function showModel(model) {
  fill("model", model === null ? [["model", "is being loaded"]] : [
    ["name", model.name],
    ["run by", model.form],
    ["classes", String(model.classes)],
    ["accuracy", interval(model.accuracy, model.accuracy_interval)],
    ["macro-F1", interval(model.macro_f1, model.macro_f1_interval)],
    ["report", model.report ? "how good it is, and what it gets wrong" : null, "", "report"],
  ]);
}

function showBroker(broker) {
  const connected = broker.connected;
  fill("broker", [
    ["broker", broker.name + (connected ? ": connected" : ": not connected"), connected ? "good" : "bad"],
    ["labels waiting", broker.messages + " (" + bytes(broker.bytes) + ")"],
    ["on disk", broker.on_disk ? "can be written" : "cannot be written", broker.on_disk ? "" : "bad"],
  ]);
}

function showWarnings(warnings) {
  const lines = warnings.map((one) => {
    const line = element("li", one.level === "WARNING" ? "" : "bad");
    const often = one.times > 1 ? ", " + one.times + " times" : "";
    line.append(element("span", "faint", ago(one.age_s) + often + " "), one.text);
    return line;
  });
  if (!lines.length) lines.push(element("li", "faint", "none"));
  document.getElementById("warnings").replaceChildren(...lines);
}

function show(state) {
  document.title = "labeld " + state.device;
  put(document.getElementById("device"), state.device);
  put(document.getElementById("version"), state.version);
  const troubles = document.getElementById("troubles");
  troubles.hidden = !state.troubles.length;
  put(troubles, state.troubles.join("; "));
  showSources(state.sources);
  showPictures(state.sources, state.sprite);
  showModel(state.model);
  showBroker(state.broker);
  fill("machine", state.machine.map((fact) => [fact.name, fact.value]));
  showWarnings(state.warnings);
}

function say(text, className) {
  const live = document.getElementById("live");
  put(live, text);
  live.className = className;
}

function listen() {
  const events = new EventSource("events");
  events.onmessage = (event) => {
    last = Date.now();
    say("live", "good");
    show(JSON.parse(event.data));
  };
  // a connection lasts as long as http.timeout_s; the browser makes the next one, unless refused
  events.onerror = () => {
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, RETRY_MS);
  };
}

setInterval(() => {
  if (last && Date.now() - last > SILENT_MS) say("no answer since " + ago((Date.now() - last) / 1000), "bad");
}, 1000);

listen();
