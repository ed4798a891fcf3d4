/* Plots: drawn in one element that stays, by the plotly.js that comes with dash, fetched when the page is at rest. */
(() => {
  const BUTTONS = [["zoom2d", "pan2d", "resetScale2d"]];
  const CONFIG = { displaylogo: false, responsive: true, modeBarButtons: BUTTONS };
  let library = null, newest = null;

  function load() {
    if (library) return library;
    library = new Promise((done, failed) => {
      const suite = [...document.scripts].find(one => one.src.includes("/_dash-component-suites/"));
      const script = document.createElement("script");
      script.src = suite.src.replace(/_dash-component-suites\/.*/, "_dash-component-suites/plotly/package_data/plotly.min.js");
      script.onload = () => done(window.Plotly);
      script.onerror = () => { library = null; failed(new Error("plotly.js cannot be fetched")); };
      document.head.append(script);
    });
    return library;
  }

  /* Called by the page whenever the server sends another figure. */
  async function draw(figure) {
    const box = document.getElementById("graph");
    newest = figure;
    if (!box) return "";
    const table = figure && figure.data[0] && figure.data[0].type === "table" ? figure.data[0] : null;
    rows(box, table, figure);
    box.hidden = !figure || !!table;
    if (!figure) return "";
    box.setAttribute("aria-label", figure.words);
    if (table) return figure.words;
    const Plotly = await load();
    if (figure !== newest) return "";
    const first = !box.on;
    await Plotly.react(box, figure.data, figure.layout, CONFIG);
    if (first) box.on("plotly_click", clicked);
    box.dataset.drawn = String(Number(box.dataset.drawn || 0) + 1);
    return figure.words;
  }

  /* Plotly's tables tell nobody that they were clicked, and cannot be reached by the keyboard. */
  function rows(box, table, figure) {
    const old = box.parentElement.querySelector(".rows");
    if (old) old.remove();
    if (!table) return;
    const make = (name, parent, words) => {
      const made = document.createElement(name);
      if (words !== undefined) made.textContent = words;
      return parent.appendChild(made);
    };
    const holder = document.createElement("div"), shown = make("table", holder);
    holder.className = "rows";
    shown.setAttribute("aria-label", figure.words);
    const head = make("tr", make("thead", shown)), body = make("tbody", shown), columns = table.cells.values;
    for (const name of table.header.values) make("th", head, name.replace(/<\/?b>/g, ""));
    table.customdata.forEach(([id, model], n) => {
      const row = make("tr", body);
      row.setAttribute("aria-selected", String(window.assay.read().get("case") === id));
      row.onclick = () => {
        for (const one of body.rows) one.setAttribute("aria-selected", String(one === row));
        clicked({ points: [{ customdata: [id, model] }] });
      };
      columns.forEach((column, at) => {
        const cell = make("td", row);
        if (at) { cell.textContent = column[n]; cell.dataset.word = column[n]; }
        else make("button", cell, column[n]);
      });
    });
    box.after(holder);
  }

  /* A point knows its case and its model; a point of another model makes that the open one. */
  function clicked(event) {
    const point = event.points.find(one => one.customdata && one.customdata[0]);
    if (!point) return;
    const [id, model, frame] = point.customdata, query = window.assay.read();
    const changes = { case: id, artefact: null, frame: Number.isInteger(frame) && frame > 0 ? frame : null };
    if (model && model !== query.get("m")) {
      changes.m = model;
      if (query.get("compare") === model) changes.compare = query.get("m");
    }
    window.assay.go(changes);
  }

  /* An image is drawn in the browser, in light colours as paper has. */
  function paper(layout) {
    return { ...layout, paper_bgcolor: "#ffffff", title: { text: layout.meta.title, font: { size: 15 }, x: 0.02 },
      margin: { ...layout.margin, t: 56 } };
  }

  async function image(button) {
    const [Plotly, answer] = await Promise.all([load(), fetch(button.closest("[data-plot]").dataset.plot)]);
    const { data, layout } = await answer.json(), format = button.dataset.image;
    const size = { width: 900, height: 600, scale: format === "png" ? 2 : 1 };
    const link = document.createElement("a");
    link.href = await Plotly.toImage({ data, layout: paper(layout) }, { format, ...size });
    link.download = `plot.${format}`;
    link.click();
  }
  document.addEventListener("click", event => {
    const button = event.target.closest("button[data-image]");
    if (button) image(button);
  });

  /* The first click should not wait for four megabytes of library. */
  const idle = window.requestIdleCallback || (work => setTimeout(work, 500));
  function rest(tries) {
    if (document.querySelector("#leaderboard .tile")) idle(() => load().catch(() => {}), { timeout: 4000 });
    else if (tries < 100) setTimeout(() => rest(tries + 1), 200);
  }
  addEventListener("load", () => setTimeout(() => rest(0), 300));

  window.dash_clientside = { ...window.dash_clientside, assay: { draw } };
})();
