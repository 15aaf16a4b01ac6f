"use strict";
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const make = (tag, words, name) => {
    const element = document.createElement(tag);
    if (words !== undefined) element.textContent = words;
    if (name) element.className = name;
    return element;
  };

  // Colours: as the system has them, light, dark.
  const theme = document.getElementById("theme");
  const themes = ["system", "light", "dark"];
  const remembered = (value) => {
    // A file that is opened from a disk may have nowhere to remember.
    try {
      if (value !== undefined) localStorage.setItem("routerlab-theme", value);
      return localStorage.getItem("routerlab-theme");
    } catch { return null; }
  };
  const colour = (name) => {
    if (name === "system") document.documentElement.removeAttribute("data-theme");
    else document.documentElement.setAttribute("data-theme", name);
    theme.textContent = "Colours: " + name;
    theme.dataset.now = name;
  };
  colour(themes.includes(remembered()) ? remembered() : "system");
  theme.hidden = false;
  theme.addEventListener("click", () => {
    const next = themes[(themes.indexOf(theme.dataset.now) + 1) % themes.length];
    colour(next);
    remembered(next);
  });

  // Sorting: numbers by what they are, not by how they are written; what is missing comes last either way.
  const key = (row, at) => {
    const cell = row.children[at];
    return cell.dataset.v !== undefined ? Number(cell.dataset.v) : cell.classList.contains("n") ? null : cell.textContent;
  };
  const sort = (table, heading) => {
    const at = [...heading.parentNode.children].indexOf(heading);
    const first = heading.classList.contains("n") ? "descending" : "ascending";
    const second = first === "descending" ? "ascending" : "descending";
    const order = heading.getAttribute("aria-sort") === first ? second : first;
    all("th[aria-sort]", table).forEach((other) => other.removeAttribute("aria-sort"));
    heading.setAttribute("aria-sort", order);
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row, place) => ({ row, place, value: key(row, at) }));
    const turn = order === "ascending" ? 1 : -1;
    rows.sort((a, b) => {
      if (a.value === null || b.value === null) return (a.value === null) - (b.value === null) || a.place - b.place;
      const by = typeof a.value === "number" ? a.value - b.value : a.value < b.value ? -1 : a.value > b.value ? 1 : 0;
      return by * turn || a.place - b.place;
    });
    body.append(...rows.map((one) => one.row));
  };
  for (const table of all("table[data-sortable]")) {
    for (const heading of all("thead th", table)) {
      const button = make("button", heading.textContent);
      button.type = "button";
      heading.replaceChildren(button);
      button.addEventListener("click", () => sort(table, heading));
    }
  }

  // Filters of a table.
  for (const filters of all("[data-filters]")) {
    const rows = all("tbody tr", document.getElementById(filters.dataset.filters));
    const words = filters.querySelector('[data-filter="text"]');
    const kind = filters.querySelector('[data-filter="kind"]');
    const count = filters.querySelector('[data-filter="count"]');
    const apply = () => {
      const wanted = words.value.trim().toLowerCase();
      let shown = 0;
      for (const row of rows) {
        const holds = row.cells[0].textContent.toLowerCase().includes(wanted);
        row.hidden = !(holds && (!kind.value || row.dataset.kind === kind.value));
        shown += row.hidden ? 0 : 1;
      }
      count.textContent = shown + " of " + rows.length + " rows";
    };
    words.addEventListener("input", apply);
    kind.addEventListener("change", apply);
    filters.hidden = false;
    apply();
  }

  // A legend whose entries bring their series forward.
  for (const figure of all("figure")) {
    const entries = all("[data-focus]", figure);
    if (entries.length === 0) continue;
    const pressed = new Set();
    const buttons = entries.map((entry) => {
      const button = make("button");
      button.type = "button";
      button.dataset.focus = entry.dataset.focus;
      button.setAttribute("aria-pressed", "false");
      button.append(...entry.childNodes);
      entry.replaceWith(button);
      return button;
    });
    const show = (series) => {
      figure.classList.toggle("focusing", series.size > 0);
      all("[data-series]", figure).forEach((drawn) => drawn.classList.toggle("focus", series.has(drawn.dataset.series)));
    };
    for (const button of buttons) {
      const series = button.dataset.focus;
      button.addEventListener("click", () => {
        if (!pressed.delete(series)) pressed.add(series);
        button.setAttribute("aria-pressed", String(pressed.has(series)));
        show(pressed);
      });
      button.addEventListener("mouseenter", () => show(new Set([...pressed, series])));
      button.addEventListener("mouseleave", () => show(pressed));
    }
  }

  // Queries one by one.
  const holder = document.getElementById("queries-data");
  if (!holder) return;
  const data = JSON.parse(holder.textContent);
  const explorer = document.getElementById("explorer");
  const field = (name) => explorer.querySelector('[data-query="' + name + '"]');
  const list = explorer.querySelector(".picks");
  const place = explorer.querySelector(".query");
  const options = (name, values, label) => {
    for (const value of values) {
      const option = make("option", label(value));
      option.value = String(value);
      field(name).append(option);
    }
  };
  const distinct = (values) => [...new Set(values)];
  options("dataset", distinct(data.queries.map((query) => query.dataset)).sort(), (name) => name);
  options("right", distinct(data.queries.map((query) => query.k)).sort((a, b) => a - b), (k) => k + " of " + data.models.length);

  let regions = 0;
  const region = (table, label) => {
    const id = "region-" + ++regions;
    const caption = make("p", label, "caption");
    caption.id = id;
    table.setAttribute("aria-labelledby", id);
    const framed = make("div", undefined, "framed");
    const scroll = make("div", undefined, "scroll");
    scroll.tabIndex = 0;
    scroll.setAttribute("role", "region");
    scroll.setAttribute("aria-labelledby", id);
    scroll.append(table);
    framed.append(caption, scroll);
    return framed;
  };
  const table = (caption, headings, rows) => {
    const table = make("table");
    const head = table.createTHead().insertRow();
    for (const [label, name] of headings) {
      const cell = make("th", label, name);
      cell.scope = "col";
      head.append(cell);
    }
    const body = table.createTBody();
    for (const cells of rows) {
      const row = body.insertRow();
      cells.forEach(([words, name], at) => {
        const cell = make(at === 0 ? "th" : "td", words, name);
        if (at === 0) cell.scope = "row";
        if (name === "wrap") cell.dir = "auto";
        row.append(cell);
      });
    }
    return region(table, caption);
  };
  const score = (value) => Number(value.toFixed(4)).toString();
  const judged = (value) => value >= 0.5 ? ["✓ right", "right"] : ["✗ wrong", "wrong"];
  const answers = (query) => {
    const told = data.models.map((name, at) => [name, query.models[at]]).filter(([, of]) => of !== null);
    const rows = told.map(([name, [earned, cost, seconds, status, words]]) => {
      const failed = status !== null && status !== "ok";
      return [
        [name],
        earned === null ? [failed ? "no score: " + status.replace("_", " ") : "no score", "quiet"] : judged(earned),
        [earned === null ? "-" : score(earned), "n"],
        [cost === null ? "unknown" : String(cost), "n"],
        [seconds === null ? "unknown" : String(seconds), "n"],
        words === null ? ["not recorded", "quiet"] : [words === "" ? "(empty)" : words, "wrap"],
      ];
    });
    const heads = [["model"], ["verdict"], ["score", "n"], ["cost, USD", "n"], ["seconds", "n"], ["what it wrote"]];
    return table("What each model answered", heads, rows);
  };
  const choices = (query) => {
    const rows = data.routers.map((name, router) => [[name], ...query.routers[router].map((model) => {
      if (model < 0) return ["not tested", "quiet"];
      const of = query.models[model];
      if (of === null) return [data.models[model] + " (outside the pool)"];
      if (of[0] === null) return ["✗ " + data.models[model] + " (no record)", "wrong"];
      return of[0] >= 0.5 ? ["✓ " + data.models[model], "right"] : ["✗ " + data.models[model], "wrong"];
    })]);
    return table("What each router chose under each seed", [["router"], ...data.seeds.map((seed) => ["seed " + seed])], rows);
  };
  const show = (query, button) => {
    all("button", list).forEach((other) => other.removeAttribute("aria-current"));
    if (button) button.setAttribute("aria-current", "true");
    const words = (name, text, missing) => {
      const block = text === null ? make("p", missing, "note") : make("div", text, "words");
      if (text !== null) { block.dir = "auto"; block.tabIndex = 0; block.setAttribute("role", "region"); block.setAttribute("aria-label", name); }
      return [make("h4", name), block];
    };
    place.replaceChildren(
      make("h3", query.id),
      make("p", "Right: " + query.k + " of " + data.models.length + " models, and " + query.votes[0] + " of " + query.votes[1] + " choices (routers and seeds).", "note"),
      ...words("Prompt", query.prompt, "Not in the data folder."),
      ...words("Reference answer", query.truth, "The source gives none."),
      answers(query),
      choices(query),
    );
  };
  const apply = () => {
    const wanted = field("text").value.trim().toLowerCase();
    const dataset = field("dataset").value;
    const right = field("right").value;
    const disagree = field("disagree").value;
    const found = data.queries.filter((query) => {
      const [some, every] = query.votes;
      return (!dataset || query.dataset === dataset)
        && (right === "" || String(query.k) === right)
        && (!disagree || (disagree === "yes") === (some > 0 && some < every))
        && (!wanted || query.id.toLowerCase().includes(wanted) || (query.prompt || "").toLowerCase().includes(wanted));
    });
    list.replaceChildren(...found.map((query) => {
      const entry = make("li");
      const button = make("button");
      button.type = "button";
      button.append(make("strong", query.id), make("small", "Right: " + query.k + " of " + data.models.length + " models, " + query.votes[0] + " of " + query.votes[1] + " choices"), make("small", (query.prompt || "").slice(0, 160)));
      button.addEventListener("click", () => show(query, button));
      entry.append(button);
      return entry;
    }));
    field("count").textContent = found.length + " of " + data.queries.length + " queries";
    if (found.length > 0) show(found[0], list.querySelector("button"));
    else place.replaceChildren(make("p", "No query is like that.", "note"));
  };
  for (const name of ["dataset", "right", "disagree"]) field(name).addEventListener("change", apply);
  field("text").addEventListener("input", apply);
  explorer.hidden = false;
  apply();
})();
