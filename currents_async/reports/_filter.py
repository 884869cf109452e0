"""What a page may have beyond markup where scripts are allowed: a style sheet and a filter.

All that the script needs to know it reads from the page, which is complete without.
"""

from currents_async.reports._markup import Markup, markup, tag

_STYLE = """
:root {
  color-scheme: light dark;
  --line: light-dark(#d0d7de, #3d444d);
  --soft: light-dark(#f6f8fa, #1b2028);
}
body { font: 1rem/1.45 system-ui, sans-serif; margin: 0 auto; max-width: 80rem; padding: 0 1.5rem; }
h1 { font-size: 1.7rem; }
h2 { border-bottom: 1px solid var(--line); margin-top: 2.2rem; padding-bottom: .3rem; }
h3 { font-size: 1.05rem; }
a { color: light-dark(#0550ae, #79b8ff); }
main > section { overflow-x: auto; }
table { border-collapse: collapse; }
th, td { border-color: var(--line); }
table:has(thead) :is(th, td) { padding: .35rem .6rem; }
th[scope=row] { font-weight: 500; }
thead th { background: var(--soft); }
td[align=right] { font-variant-numeric: tabular-nums; }
summary { cursor: pointer; }
fieldset { border: 1px solid var(--line); border-radius: .4rem; margin: .6rem 0; min-width: 0; }
pre { background: var(--soft); margin: 0; padding: .6rem; }
code, pre { font-family: ui-monospace, monospace; font-size: .85rem; }
img { max-width: 40rem; }
form { background: Canvas; border: solid var(--line); border-width: 1px 0; display: flex;
  flex-wrap: wrap; gap: .4rem 1.5rem; padding: .6rem 0; }
form fieldset { border: 0; margin: 0; max-height: 5rem; overflow-y: auto; padding: 0; }
form legend { float: left; font-weight: 600; padding: 0 .6rem 0 0; }
form fieldset label { margin-right: .8rem; }
[hidden] { display: none; }
@media (min-width: 50rem) {
  form { position: sticky; top: 0; z-index: 1; }
  html { scroll-padding-top: 8rem; }
}
@media print {
  form, nav { display: none; }
  details::details-content { block-size: auto; content-visibility: visible; }
  tr, fieldset { break-inside: avoid; }
}
"""

_SCRIPT = r"""
"use strict";
addEventListener("DOMContentLoaded", () => {
  const element = (name, properties, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };

  // What the filter shows and hides, with what the page says of each: its state, group, owners.
  const items = [];
  for (const section of document.querySelectorAll("main > section")) {
    const ended = { failures: "failed", flaky: "flaky" }[section.querySelector("h2").id];
    const rows = "[role=presentation] > tbody > tr, table:has(thead) > tbody > tr, li";
    const found = [...section.querySelectorAll(rows)].filter(
      (row) => !row.parentElement.closest("[role=presentation] td"),
    );
    const named = new Set(ended ? ["State"] : []);
    for (const shown of found) {
      const traits = { State: ended ? [ended] : [] };
      for (const trait of shown.querySelectorAll("[data-trait]")) {
        const name = trait.dataset.trait;
        named.add(name);
        (traits[name] ??= []).push(trait.textContent);
      }
      items.push({ shown, traits, named, text: shown.textContent.toLowerCase() });
    }
  }

  const search = element("input", { type: "search", size: 30 });
  const status = element("output", {});
  const form = element("form", { role: "search" }, element("label", {}, "Filter ", search));
  for (const name of ["State", "Group", "Owner"]) {
    const values = [...new Set(items.flatMap((item) => item.traits[name] ?? []))].sort();
    if (values.length < 2) continue;
    const boxes = values.map((value) => {
      const box = element("input", { type: "checkbox", name, value });
      return element("label", {}, box, ` ${value}`);
    });
    form.append(element("fieldset", {}, element("legend", {}, name), ...boxes));
  }
  form.append(status);

  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = {};
    for (const box of form.querySelectorAll(":checked")) (chosen[box.name] ??= []).push(box.value);
    // What a section says nothing of, does not hide what is in there.
    const fits = ({ text, traits, named }) =>
      words.every((word) => text.includes(word)) &&
      Object.entries(chosen).every(
        ([name, values]) =>
          !named.has(name) || (traits[name] ?? []).some((one) => values.includes(one)),
      );
    for (const item of items) item.shown.hidden = !fits(item);
    const left = items.filter((item) => !item.shown.hidden);
    for (const cluster of document.querySelectorAll("section section")) {
      cluster.hidden = !left.some((item) => cluster.contains(item.shown));
    }
    status.textContent = `${left.length} of ${items.length} entries`;
  };
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  document.querySelector("main").before(form);
  filter();

  const here = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });
  if (here.resolvedOptions().timeZone !== "UTC") {
    for (const time of document.querySelectorAll("time")) {
      time.append(` (${here.format(new Date(time.dateTime))})`);
    }
  }
});
"""

STYLE_AND_FILTER = markup(tag("style", Markup(_STYLE)), tag("script", Markup(_SCRIPT)))
"""For the head of a page."""
