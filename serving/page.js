// What the query page does. page.py puts it into the page: nothing is loaded from elsewhere, nothing kept but in this tab.
"use strict";
const at = (id) => document.getElementById(id);
const [query, variables, token, answer, status] = ["query", "variables", "token", "answer", "status"].map(at);
const isMac = navigator.platform.startsWith("Mac");
let running = null, types = null;

// A browser may refuse storage; the page then simply forgets.
const store = {
  get(key) { try { return sessionStorage.getItem(key); } catch { return null; } },
  set(key, value) { try { sessionStorage.setItem(key, value); } catch { /* forgotten */ } },
};
const kept = [token, query, variables];
const keep = () => kept.forEach((field) => store.set("kept." + field.id, field.value));

// Nothing that came over the wire is ever read as HTML: elements are made here, and hold text.
function make(tag, text, more = {}) {
  return Object.assign(document.createElement(tag), { textContent: text }, more);
}
const button = (text, onclick) => make("button", text, { type: "button", className: "plain", onclick });

function say(text, kind = "") {
  status.textContent = text;
  status.className = "status " + kind;
}

const samples = at("samples").textContent.trim().split("\n---\n").map((text) => {
  const [, name, rest, , data = ""] = text.match(/^# (.+)\n([^]*?\n\})(\n(\{[^]*))?$/);
  return { name, query: rest + "\n", variables: data };
});
function use(sample) {
  [query.value, variables.value] = [sample.query, sample.variables];
}
samples.forEach(({ name }, place) => at("examples").append(make("option", name, { value: place })));

function show(text) {
  answer.replaceChildren();
  if (text.length > 300000) { answer.textContent = text; return; }
  const part = /("(?:[^"\\]|\\.)*")(\s*:)?|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\b(?:true|false|null)\b/g;
  let end = 0;
  for (const match of text.matchAll(part)) {
    const className = match[2] ? "key" : match[1] ? "string" : "number";
    answer.append(text.slice(end, match.index), make("span", match[1] ?? match[0], { className }), match[2] ?? "");
    end = match.index + match[0].length;
  }
  answer.append(text.slice(end));
}

function complain(errors = []) {
  at("errors").replaceChildren(...errors.map(({ message, path, locations: [place] = [], extensions }) => {
    const line = make("li", message + " ");
    line.append(make("code", [extensions?.code, path?.join(".")].filter(Boolean).join(" at ")));
    if (place) line.append(" ", button(`line ${place.line}, column ${place.column}`, () => pointAt(place)));
    return line;
  }));
}

function pointAt({ line, column }) {
  const before = query.value.split("\n").slice(0, line - 1).join("\n").length + (line > 1) + column - 1;
  query.focus();
  query.setSelectionRange(before, before + (query.value.slice(before).match(/^\w+|^./)?.[0].length ?? 0));
}

// Of several operations, the one the cursor is in.
function operationName() {
  const named = [...query.value.matchAll(/^\s*(?:query|mutation)\s+(\w+)/gm)];
  if (named.length < 2) return undefined;
  return (named.findLast((each) => each.index <= query.selectionStart) ?? named[0])[1];
}

function request() {
  const body = { query: query.value, operationName: operationName() };
  if (variables.value.trim()) body.variables = JSON.parse(variables.value);
  return body;
}

async function ask(body, signal) {
  const headers = {
    "content-type": "application/json",
    "accept": "application/graphql-response+json, application/json;q=0.9",
    "x-upstream-report": "1",
  };
  if (token.value.trim()) headers.authorization = "Bearer " + token.value.trim();
  return fetch(location.pathname, { method: "POST", headers, body: JSON.stringify(body), signal, credentials: "omit" });
}

function cost({ made, predicted } = {}) {
  if (made === undefined) return "";
  const most = predicted === undefined ? "" : ` of at most ${predicted}`;
  return `, ${made}${most} ${(predicted ?? made) === 1 ? "call" : "calls"} to Omneo`;
}

async function run() {
  if (running) { running.abort(); return; }
  let body;
  try {
    body = request();
  } catch (problem) {
    say("The variables are not JSON: " + problem.message, "bad");
    variables.focus();
    return;
  }
  const { signal } = running = new AbortController(), began = performance.now();
  at("run-word").textContent = "Stop";
  say("Running…");
  try {
    const response = await ask(body, signal);
    const text = await response.text();
    const took = Math.round(performance.now() - began) + " ms";
    let result = null;
    try { result = JSON.parse(text); } catch { /* shown as it came */ }
    const failed = !response.ok || result?.errors;
    const what = `${response.status}, ${took}${cost(result?.extensions?.upstream)}`;
    say(failed ? what + ", with errors" : what, failed ? "bad" : "good");
    status.title = "request " + response.headers.get("x-request-id");
    complain(result?.errors);
    show(result === null ? text : JSON.stringify(result, null, 2));
  } catch (problem) {
    say(signal.aborted ? "Stopped." : "No answer: " + problem.message, "bad");
  } finally {
    running = null;
    at("run-word").textContent = "Run";
  }
}

const ofKind = "name kind ofType { name kind ofType { name kind ofType { name kind } } }";
const input = `name description defaultValue type { ${ofKind} }`;
const introspection = `{ __schema { queryType { name } mutationType { name } types { name kind description
  fields { name description type { ${ofKind} } args { ${input} } } inputFields { ${input} }
  enumValues { name description } possibleTypes { name kind } } } }`;

async function explain() {
  try {
    const { data, errors } = await (await ask({ query: introspection })).json();
    if (!data) { at("fields").textContent = errors[0].message; return; }
    types = new Map(data.__schema.types.map((type) => [type.name, type]));
    look([]);
  } catch (problem) {
    at("fields").textContent = "No answer: " + problem.message;
  }
}

function look(path) {
  const steps = path.map((name, place) => [" › ", button(name, () => look(path.slice(0, place + 1)))]);
  at("path").replaceChildren(button("Start", () => look([])), ...steps.flat());
  const go = (name) => look([...path, name]);
  const names = path.length ? path.slice(-1) : ["Query", "Mutation"];
  const shown = names.map((name) => types.get(name)).filter(Boolean);
  at("fields").replaceChildren(...shown.flatMap((type) => [
    make("dd", type.description ?? ""),
    ...(type.fields ?? type.inputFields ?? type.enumValues ?? type.possibleTypes ?? []).flatMap((each) => entry(each, go)),
  ]));
}

function entry(each, go) {
  const term = make("dt", each.name);
  if (each.type) term.append(": ", ...written(each.type, go));
  else if (each.kind) term.replaceChildren(...written(each, go));
  if (each.defaultValue && each.defaultValue !== "null") term.append(" = " + each.defaultValue);
  const parts = (each.args ?? []).flatMap((argument) => entry(argument, go));
  const words = make("dd", each.description ?? "");
  if (parts.length) words.append(make("dl", ""));
  words.lastElementChild?.append(...parts);
  return [term, words];
}

function written({ kind, name, ofType }, go) {
  if (kind === "NON_NULL") return [...written(ofType, go), "!"];
  if (kind === "LIST") return ["[", ...written(ofType, go), "]"];
  return [kind === "SCALAR" ? name : button(name, () => go(name))];
}

use(samples[0]);
for (const field of kept) {
  field.value = store.get("kept." + field.id) ?? field.value;
  field.addEventListener("input", keep);
}
at("modifier").textContent = isMac ? "⌘" : "Ctrl";
at("examples").addEventListener("change", ({ target }) => {
  if (target.value) use(samples[target.value]);
  target.value = "";
  keep();
});
at("form").addEventListener("submit", (event) => { event.preventDefault(); run(); });
at("schema").addEventListener("toggle", () => { if (at("schema").open) explain(); });
at("show").addEventListener("click", () => {
  const hidden = token.type === "password";
  token.type = hidden ? "text" : "password";
  at("show").textContent = hidden ? "Hide" : "Show";
  at("show").setAttribute("aria-pressed", String(hidden));
});
at("curl").addEventListener("click", async () => {
  const quoted = (text) => "'" + text.replaceAll("'", "'\\''") + "'";
  try {
    const headers = `-H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json'`;
    await navigator.clipboard.writeText(`curl -s ${location.href} ${headers} -d ${quoted(JSON.stringify(request()))}`);
    say("Copied; set TOKEN in your shell.", "good");
  } catch (problem) {
    say("Not copied: " + problem.message, "bad");
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); if (!running) run(); }
  if (event.key === "Escape") running?.abort();
});
