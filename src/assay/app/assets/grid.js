/* What the leaderboard's cells look like. A cell is {v, t, n, low, high, warn, c, mark, tip}; see app/grid.py. */
(() => {
  const h = (...args) => window.React.createElement(...args);
  const CIVIDIS = ["#00224e", "#0b306d", "#2f406c", "#46506b", "#5a606e", "#6c7073", "#808178", "#969276", "#aea56f",
    "#c6b864", "#fee838"].map(hex => [1, 3, 5].map(at => parseInt(hex.slice(at, at + 2), 16)));

  /* The colour of a score from 0 to 1, softened towards the page, and the ink that reads on it. */
  function colour(score) {
    const dark = document.documentElement.dataset.theme === "dark", [paper, share] = dark ? [26, 0.42] : [255, 0.5];
    const at = Math.min(Math.max(score, 0), 1) * (CIVIDIS.length - 1), low = Math.floor(at), part = at - low;
    const high = Math.min(low + 1, CIVIDIS.length - 1);
    const pure = CIVIDIS[low].map((from, index) => from + part * (CIVIDIS[high][index] - from));
    const rgb = pure.map(value => Math.round(value * share + paper * (1 - share)));
    const linear = rgb.map(value => (value /= 255) <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    const bright = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
    return { background: `rgb(${rgb.join(",")})`, "--pure": `rgb(${pure.join(",")})`, "--part": `${100 * at / 10}%`,
      color: bright > 0.2 ? "#10161f" : "#ffffff" };
  }

  function Tile({ value }) {
    if (!value) return h("span", { className: "tile nothing", "aria-label": "no result" }, "–");
    const score = value.c === undefined ? value.v : value.c;
    const warn = value.warn ? h("span", { className: "warn", role: "img", "aria-label": "has failed cases" }, "⚠") : null;
    if (value.v === null || value.v === undefined) {
      return h("span", { className: "tile nothing", "aria-label": "no result" }, "–", warn);
    }
    return h("span", { className: "tile", style: colour(score) }, h("b", null, value.t),
      value.mark ? h("i", null, value.mark) : null, value.n ? h("small", null, value.n) : null, warn);
  }

  /* The score with its interval on a line from 0 to 1: overlapping whiskers are what a tie looks like. */
  function Score({ value }) {
    if (!value || value.v === null || value.v === undefined) return h("span", { className: "tile nothing" }, "–");
    const percent = number => `${(100 * number).toFixed(2)}%`;
    const whisker = value.low === null || value.low === undefined ? null
      : h("i", { className: "whisker", style: { left: percent(value.low), width: percent(value.high - value.low) } });
    return h("span", { className: "score" + (value.ranked ? "" : " unranked") }, h("b", null, value.t),
      h("span", { className: "track", "aria-hidden": "true" }, h("i", { className: "fill", style: { width: percent(value.v) } }),
        whisker, h("i", { className: "dot", style: { left: percent(value.v) } })),
      h("small", null, value.n || ""));
  }

  function Rank({ value }) {
    if (!value) return "–";
    const ties = value.ties && value.ties.length ? h("span", { className: "ties", "aria-label": "tied" }, "≈") : null;
    return h("span", { className: "rank" + (value.t === "1" ? " first" : ""), "data-ties": JSON.stringify(value.ties || []) },
      value.t, ties);
  }

  function ModelName({ value }) {
    return h("span", { className: "model-name" }, h("b", null, value.v), value.tags ? h("small", null, value.tags) : null);
  }

  window.dashAgGridComponentFunctions = { ...window.dashAgGridComponentFunctions, Tile, Score, Rank, ModelName };

  /* What a cell opens: its column's benchmark and metric; a category's cell may know better which benchmark. */
  function open({ column, colDef, node, value }) {
    const own = colDef.cellRendererParams || {};
    window.assay.open(column.getColId(), node.id, { ...own, b: (value && value.b) || own.b });
  }

  const sortable = cell => (cell === null || cell === undefined || cell.v === null || cell.v === undefined ? null : cell.v);
  window.dashAgGridFunctions = {
    ...window.dashAgGridFunctions,
    assayTip: params => (params.value && params.value.tip) || null,
    /* Missing cells are last, whichever way the column is sorted. */
    assayCompare: (a, b, first, second, descending) => {
      const [x, y] = [sortable(a), sortable(b)];
      if (x === null || y === null) return x === y ? 0 : (x === null) === descending ? -1 : 1;
      return typeof x === "string" ? x.localeCompare(y) : x - y;
    },
    assayOpen: open,
    assayKey: params => {
      if (params.event.key === "Enter" && !params.event.defaultPrevented) open(params);
    },
    /* A phone has room for the names and one column beside them. */
    assayFit: ({ api }) => {
      if (window.innerWidth >= 700) return;
      api.applyColumnState({ state: [{ colId: "rank", pinned: null }, { colId: "model", pinned: "left", width: 148 },
        { colId: "score", flex: null, width: 86 }] });
    },
    assayTheme: theme => theme.withParams({
      fontFamily: "inherit", fontSize: 13, headerFontSize: 12, headerFontWeight: 600, headerTextColor: "var(--muted)",
      backgroundColor: "var(--surface)", foregroundColor: "var(--ink)", headerBackgroundColor: "var(--surface)",
      borderColor: "var(--rule)", rowBorder: { color: "var(--rule)" }, columnBorder: false, wrapperBorder: false,
      headerRowBorder: { color: "var(--rule-strong)" }, pinnedColumnBorder: { color: "var(--rule)" },
      rowHoverColor: "var(--hover)", accentColor: "var(--accent)", wrapperBorderRadius: 0, cellHorizontalPadding: 8,
      headerColumnResizeHandleColor: "transparent", oddRowBackgroundColor: "transparent",
      tooltipBackgroundColor: "var(--tip)", tooltipTextColor: "var(--tip-ink)", tooltipBorder: false,
    }),
  };
})();
