/* The page's state is its query string: every control changes that, and the server answers with what it changes. */
window.assay = (() => {
  const read = () => new URLSearchParams(location.search);

  /* Set entries of the query string (null or "" removes one) and go there. */
  function go(changes) {
    const query = read();
    for (const [name, value] of Object.entries(changes)) {
      if (value === null || value === "" || value === undefined) query.delete(name);
      else query.set(name, String(value));
    }
    visit("?" + query);
  }

  function visit(search) {
    if (!document.getElementById("leaderboard")) { location.href = "/" + (search === "?" ? "" : search); return; }
    // The address goes along: a heatmap's slider changes it without telling Dash, which would put the old one back.
    const target = search === "?" ? "" : search;
    window.dash_clientside.set_props("url", { search: target, href: location.origin + location.pathname + target });
  }

  /* A click on a cell: on the summary it opens the category, on a category page the benchmark; on a name the model. */
  const CLOSED = { b: null, m: null, metric: null, view: null, case: null, artefact: null, frame: null, compare: null };
  function open(column, model, cell) {
    if (column === "rank" || column === "score") return;
    if (column === "model") go({ ...CLOSED, m: model });
    else if (read().get("category")) go({ ...CLOSED, b: cell.b, m: model, metric: cell.metric });
    else go({ ...CLOSED, category: column, b: cell.b, m: model });
  }

  /* A link inside the page stays inside it, unless another tab or window is meant. */
  document.addEventListener("click", event => {
    const link = event.target.closest("a[data-go]");
    if (link && !event.defaultPrevented && !event.metaKey && !event.ctrlKey && !event.shiftKey && event.button === 0) {
      event.preventDefault();
      visit(link.search || "?");
    }
    if (event.target.closest("#theme-button")) turn();
  });

  document.addEventListener("keydown", event => {
    const link = event.target.closest && event.target.closest("a[role=button][data-go]");
    if (link && event.key === " ") { event.preventDefault(); visit(link.search || "?"); }
    const { b, m } = Object.fromEntries(read());
    if (event.key === "Escape" && (b || m)) {
      go(CLOSED);
      focusCell(b || "model", m);
    }
  });

  /* Back to the cell that was opened, for those who work with the keyboard. */
  function focusCell(benchmark, model) {
    const cell = document.querySelector(`#leaderboard [row-id="${CSS.escape(model || "")}"] ` +
      `[col-id="${CSS.escape(benchmark || "")}"]`);
    if (cell) cell.focus();
  }

  /* Inputs and drop-downs carry the name of their entry. good.X and bad.X together are t.X=good,bad. */
  document.addEventListener("change", event => {
    const { target } = event, name = target.dataset.set || target.name;
    if (!name) return;
    const value = target.value.trim();
    const side = /^(good|bad)\.(.*)$/.exec(name);
    if (!side) {
      const more = name === "m" ? { compare: null } : {};
      if (name === "preset" && value === "default") return go({ preset: null });
      return go({ ...more, [name]: value });
    }
    const partner = side[1] === "good" ? "bad" : "good";
    const other = document.getElementsByName(`${partner}.${side[2]}`)[0].value.trim();
    const pair = side[1] === "good" ? [value, other] : [other, value];
    if (pair.every(text => text !== "" && isFinite(text)) && Number(pair[0]) === Number(pair[1])) {
      say(`${side[2]}: good and bad must differ; the edit is ignored`);
      target.value = target.defaultValue;
      target.dispatchEvent(new Event("input", { bubbles: true }));
      return;
    }
    go({ [`t.${side[2]}`]: pair.join(",") });
  });

  function say(text) {
    const notice = document.getElementById("notice");
    const list = document.createElement("ul");
    list.className = "warnings local";
    list.innerHTML = "<li></li>";
    list.firstChild.textContent = text;
    notice.querySelectorAll(".local").forEach(old => old.remove());
    notice.append(list);
  }

  /* Light and dark. */
  function turn() {
    const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    localStorage.setItem("theme", next);
    paint(next);
  }
  function paint(theme) {
    document.documentElement.dataset.theme = theme;
    document.cookie = `theme=${theme};path=/;SameSite=Strict`;
    if (document.getElementById("leaderboard")) window.dash_clientside.set_props("theme", { data: theme });
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", event => {
    if (!localStorage.getItem("theme")) paint(event.matches ? "dark" : "light");
  });

  /* What React draws and plain HTML needs: the chosen option of a drop-down, the open cell's frame, a plot's clicks. */
  function tend() {
    document.querySelectorAll("select[data-value]").forEach(one => {
      if (one.value !== one.dataset.value && document.activeElement !== one) one.value = one.dataset.value;
    });
    document.querySelectorAll(".scoring td[title] input:not([aria-label])").forEach(one =>
      one.setAttribute("aria-label", one.closest("td").title));
    const query = read(), benchmark = query.get("b"), metric = query.get("metric"), model = query.get("m");
    const names = benchmark ? [benchmark, ...(metric ? [`${benchmark}.${metric}`] : [])] : [];
    const row = model ? `#leaderboard .ag-row[row-id="${CSS.escape(model)}"]` : "";
    const rules = !row ? "" : `${row}{--row:var(--chosen)}` + names.map(name =>
      `${row} [col-id="${CSS.escape(name)}"] .tile{outline:2px solid var(--accent);outline-offset:1px}`).join("");
    if (mark.textContent !== rules) mark.textContent = rules;
    const heading = document.querySelector("#plot h2"), tab = document.querySelector("#categories [aria-current=page]");
    document.title = [heading && heading.textContent, model, tab && tab.firstChild.textContent, "assay"].filter(Boolean).join(" · ");
    reveal(document.getElementById("artefact"));
    const now = benchmark || model || "";
    if (now && now !== opened && window.innerWidth < 1180 && heading) {
      document.getElementById("plot").scrollIntoView({ block: "start", behavior });
    }
    if (heading || !now) opened = now;
  }

  /* What a click on a point opens should be seen. */
  let revealed = "", opened = "";
  const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
  function reveal(artefact) {
    const now = artefact ? `${artefact.dataset.benchmark} ${artefact.dataset.case}` : "";
    if (artefact && now !== revealed) artefact.scrollIntoView({ block: "nearest", behavior });
    revealed = now;
  }

  /* Under the pointer, a row shows with which others it is tied. */
  const ties = document.createElement("style");
  document.head.append(ties);
  document.addEventListener("mouseover", event => {
    const row = event.target.closest && event.target.closest("#leaderboard .ag-row");
    const id = row && row.getAttribute("row-id");
    if (id === ties.dataset.row) return;
    ties.dataset.row = id || "";
    const rank = id && document.querySelector(`#leaderboard .ag-row[row-id="${CSS.escape(id)}"] .rank`);
    const names = rank && rank.dataset.ties ? JSON.parse(rank.dataset.ties) : [];
    ties.textContent = names.map(name => `#leaderboard .ag-row[row-id="${CSS.escape(name)}"] .rank`).join(",") +
      (names.length ? "{background:var(--accent-soft);color:var(--accent);box-shadow:0 0 0 4px var(--accent-soft);border-radius:4px}" : "");
  });
  const mark = document.createElement("style");
  document.head.append(mark);
  let waiting = false;
  new MutationObserver(() => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; tend(); });
  }).observe(document.documentElement, { childList: true, subtree: true });
  addEventListener("popstate", () => requestAnimationFrame(tend));

  return { go, open, read };
})();
