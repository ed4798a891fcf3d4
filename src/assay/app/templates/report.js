// Draws a plot when it comes into view; everything it needs is in this file.
(() => {
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const paper = matchMedia("print");
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

  function draw(place) {
    const chosen = document.querySelector(`select[data-plot="${place.id}"]`).value;
    const figure = figures[place.id][chosen];
    Plotly.react(place, structuredClone(figure.data), layout(figure), config);
    place.dataset.drawn = chosen;
  }

  const places = [...document.querySelectorAll(".plot")];
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting && !entry.target.dataset.drawn) draw(entry.target);
  }, { rootMargin: "400px" });
  places.forEach((place) => seen.observe(place));
  document.querySelectorAll("select[data-plot]").forEach((select) =>
    select.addEventListener("change", () => draw(document.getElementById(select.dataset.plot))));
  const again = () => places.filter((place) => place.dataset.drawn).forEach(draw);
  dark.addEventListener("change", again);
  paper.addEventListener("change", (change) => (change.matches ? places.forEach(draw) : again()));
  addEventListener("beforeprint", () => places.forEach(draw));
})();
