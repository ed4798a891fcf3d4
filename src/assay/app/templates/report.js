// Draws a plot when it comes into view; everything it needs is in this file.
(() => {
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const sheet = { width: 680, height: 380, autosize: false };  // pixels that fit an A4 or letter page
  const config = { responsive: true, displaylogo: false, modeBarButtonsToRemove: ["select2d", "lasso2d", "sendDataToCloud"] };

  function layout(figure) {
    const style = getComputedStyle(document.documentElement);
    const [ink, muted, rule, surface] = ["--ink", "--muted", "--rule", "--surface"].map((name) => style.getPropertyValue(name).trim());
    const drawn = structuredClone(figure.layout);
    drawn.font = { ...drawn.font, color: ink };
    drawn.hoverlabel = { ...drawn.hoverlabel, bgcolor: surface, bordercolor: rule, font: { color: ink } };
    for (const key of Object.keys(drawn).filter((name) => /^[xy]axis\d*$/.test(name))) {
      const axis = drawn[key];
      drawn[key] = { ...axis, gridcolor: rule, tickcolor: rule, linecolor: muted, title: { ...axis.title, font: { ...axis.title?.font, color: muted } } };
    }
    return drawn;
  }

  function draw(place, size = {}) {
    const chosen = document.querySelector(`select[data-plot="${place.id}"]`).value;
    const figure = figures[place.id][chosen];
    Plotly.react(place, structuredClone(figure.data), { ...layout(figure), ...size }, config);
    place.dataset.drawn = chosen;
  }

  const places = [...document.querySelectorAll(".plot")];
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting && !entry.target.dataset.drawn) draw(entry.target);
  }, { rootMargin: "400px" });
  places.forEach((place) => seen.observe(place));
  document.querySelectorAll("select[data-plot]").forEach((select) =>
    select.addEventListener("change", () => draw(document.getElementById(select.dataset.plot))));
  const again = () => places.filter((place) => place.dataset.drawn).forEach((place) => draw(place));
  dark.addEventListener("change", again);
  addEventListener("beforeprint", () => {
    document.querySelectorAll("details.fails").forEach((details) => { details.open = true; });
    places.forEach((place) => draw(place, sheet));
  });
  addEventListener("afterprint", () => {
    again();
    places.forEach((place) => Plotly.Plots.resize(place));
  });
})();
