/* Heatmaps: the slider and the mask act here, without a question to the server; the link keeps up. */
(() => {
  function shown() {
    const value = new URLSearchParams(location.search).get("opacity");
    return /^[0-9]{1,3}$/.test(value) && Number(value) <= 100 ? value : null;
  }

  function apply(box, value) {
    const picture = box && box.querySelector("img.relevance");
    if (picture) picture.style.opacity = value / 100;
  }

  document.addEventListener("input", event => {
    if (event.target.id !== "opacity") return;
    const query = new URLSearchParams(location.search);
    query.set("opacity", event.target.value);
    apply(event.target.closest(".heatmap"), event.target.value);
    history.replaceState(history.state, "", "?" + query);
  });

  document.addEventListener("click", event => {
    const button = event.target.closest && event.target.closest(".heatmap #mask");
    if (!button) return;
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(on));
    button.closest(".heatmap").classList.toggle("unmasked", !on);
  });

  /* What the server draws anew has the opacity of the last link it was asked with; the address bar knows better. */
  new MutationObserver(() => {
    const value = shown();
    document.querySelectorAll(".heatmap").forEach(box => {
      const slider = box.querySelector("#opacity");
      if (value === null || !slider || slider.dataset.applied === value) return;
      slider.dataset.applied = value;
      slider.value = value;
      apply(box, value);
    });
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
