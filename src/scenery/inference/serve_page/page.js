"use strict";
// Names come from files and folders, so they are set as text and never as HTML.

const byId = (id) => document.getElementById(id);
let about = {};
let asked = 0;

function say(text, problem = false) {
  byId("status").textContent = text;
  byId("status").classList.toggle("problem", problem);
}

function fill(id, text) {
  byId(id).textContent = text;
  byId(id).hidden = text === "";
}

function element(name, text, parent) {
  const made = document.createElement(name);
  made.textContent = text;
  parent.append(made);
  return made;
}

function showClasses(names, probabilities) {
  const body = byId("classes").tBodies[0];
  body.replaceChildren();
  names.forEach((name, place) => {
    const row = element("tr", "", body);
    element("th", name, row).scope = "row";
    element("td", probabilities[place].toFixed(3), row);
    const meter = element("meter", "", element("td", "", row));
    meter.value = probabilities[place];
    meter.setAttribute("aria-label", name);
  });
}

function showNeighbors(neighbors) {
  byId("neighbors").replaceChildren();
  for (const one of neighbors) {
    const figure = element("figure", "", byId("neighbors"));
    const picture = element("img", "", figure);
    picture.src = one.picture;
    picture.alt = one.class;
    const caption = element("figcaption", one.class, figure);
    element("small", one.file, caption);
  }
}

function show(answer) {
  const percent = (100 * answer.probabilities[0]).toFixed(1);
  byId("best").textContent = `${answer.classes[0]}: ${percent} %`;
  fill("note", answer.note ? `This photograph is ${answer.note}.` : "");
  const set = answer.prediction_set;
  const names = set && set.length ? set.join(", ") : "none";
  fill("set", set ? `Prediction set (has the true class for 95 % of images): ${names}` : "");
  showClasses(answer.classes, answer.probabilities);
  byId("picture").src = answer.picture;
  byId("heat_figure").hidden = answer.heat === "";
  if (answer.heat) byId("heat").src = answer.heat;
  showNeighbors(answer.neighbors);
  byId("result").hidden = false;
}

async function classify(file) {
  const number = ++asked;
  byId("result").hidden = true;
  if (file.size > about.max_bytes) {
    const sizes = [file.size, about.max_bytes].map((size) => (size / 1e6).toFixed(0));
    say(`${file.name}: too large: ${sizes[0]} MB, ${sizes[1]} MB are allowed`, true);
    return;
  }
  say(`${file.name}: classifying ...`);
  let text = "";
  let problem = "";
  try {
    // The name of the file is not sent.
    const response = await fetch("answer", {
      method: "POST", body: file, headers: {"Content-Type": "application/octet-stream"},
    });
    text = await response.text();
    if (!response.ok) problem = text;
  } catch (error) {
    problem = "the server does not answer; it may have ended";
  }
  // Another photograph was chosen in the meantime.
  if (number !== asked) return;
  const answer = problem ? {problem} : JSON.parse(text);
  if (answer.problem) {
    say(`${file.name}: ${answer.problem}`, true);
    return;
  }
  say(file.name);
  show(answer);
}

function listen() {
  const drop = byId("drop");
  byId("file").addEventListener("change", (event) => {
    const chosen = event.target.files[0];
    if (chosen) classify(chosen);
  });
  // Anywhere on the page: a browser would open the file in place of the page.
  window.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  window.addEventListener("dragleave", () => drop.classList.remove("over"));
  window.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    const files = event.dataTransfer.files;
    if (files.length) classify(files[0]);
    else say("Drop a file. A picture of another page cannot be read; save it first.", true);
  });
}

async function start() {
  about = await (await fetch("about")).json();
  byId("model").textContent = `${about.model}; ${about.classes.length} classes: `
    + about.classes.slice(0, 20).join(", ") + (about.classes.length > 20 ? ", ..." : "");
  byId("limits").textContent = `${about.formats.join(", ")}; at most `
    + `${(about.max_bytes / 1e6).toFixed(0)} MB. It stays in memory and is not stored.`;
  fill("no_heat", about.no_heat);
  fill("no_neighbors", about.no_neighbors);
  byId("neighbors_title").hidden = about.no_neighbors !== "";
  listen();
}

start();
