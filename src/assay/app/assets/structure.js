/* A small viewer for structures: shaded balls and sticks, sorted by depth, on a 2D canvas; no library, no WebGL.
   <div class="structure" data-structure='{symbols, colours, radii, cell, frames: [{positions, bonds, stubs}], at}'>
   Drag turns, wheel zooms, shift-drag moves, double click resets; arrow keys, + and - do the same. */
window.assayStructure = (() => {
  const views = new Map(), sprites = new Map();
  const rgb = hex => [1, 3, 5].map(at => parseInt(hex.slice(at, at + 2), 16));
  const mix = (from, to, part) => "rgb(" + from.map((x, k) => Math.round(x + (to[k] - x) * part)).join(",") + ")";
  const times = (a, b) => a.map(row => [0, 1, 2].map(k => row[0] * b[0][k] + row[1] * b[1][k] + row[2] * b[2][k]));
  const BLACK = [0, 0, 0], WHITE = [255, 255, 255], STICK = 0.11, PIECES = 10;

  function rotation(angle, axis) {
    const c = Math.cos(angle), s = Math.sin(angle);
    return axis === "y" ? [[c, 0, s], [0, 1, 0], [-s, 0, c]] : [[1, 0, 0], [0, c, -s], [0, s, c]];
  }
  const START = times(rotation(0.35, "x"), rotation(-0.5, "y"));

  /* A shaded ball, drawn once for each colour and size. */
  function ball(colour, radius) {
    const key = colour + Math.round(radius * 2);
    if (sprites.has(key)) return sprites.get(key);
    if (sprites.size > 400) sprites.clear();
    const sprite = document.createElement("canvas");
    sprite.width = sprite.height = Math.ceil(2 * radius) + 4;
    const g = sprite.getContext("2d"), m = sprite.width / 2, base = rgb(colour);
    const shade = g.createRadialGradient(m - 0.35 * radius, m - 0.4 * radius, 0.05 * radius, m, m, radius);
    [[0, WHITE, 0.75], [0.3, WHITE, 0.12], [0.75, BLACK, 0.22], [1, BLACK, 0.55]].forEach(
      ([at, to, part]) => shade.addColorStop(at, mix(base, to, part)));
    g.fillStyle = shade;
    g.beginPath();
    g.arc(m, m, radius, 0, 7);
    g.fill();
    sprites.set(key, sprite);
    return sprite;
  }

  function stick(g, from, to, colour, width) {
    const base = rgb(colour), length = Math.hypot(to[0] - from[0], to[1] - from[1]) || 1;
    let nx = -(to[1] - from[1]) / length, ny = (to[0] - from[0]) / length;
    if (nx * -0.6 + ny * -0.8 < 0) { nx = -nx; ny = -ny; }
    for (const [wide, aside, part, end] of [[2, 0, 0.5, BLACK], [1.55, 0.16, 0.2, BLACK], [0.8, 0.35, 0.1, WHITE],
      [0.3, 0.45, 0.55, WHITE]]) {
      g.strokeStyle = mix(base, end, part);
      g.lineWidth = wide * width;
      g.beginPath();
      g.moveTo(from[0] + nx * aside * width, from[1] + ny * aside * width);
      g.lineTo(to[0] + nx * aside * width, to[1] + ny * aside * width);
      g.stroke();
    }
  }

  /* What has to be drawn, as [depth, draw], for the view's rotation and zoom. */
  function pieces(view, g, see, scale, ink) {
    const { data } = view, frame = data.frames[view.frame], items = [], at = view.at = frame.positions.map(see);
    const width = Math.max(1.2, STICK * scale);
    at.forEach((p, i) => items.push([p[2], () => {
      const radius = Math.max(1.5, scale * data.radii[i]), sprite = ball(data.colours[i], radius * view.ratio);
      const size = sprite.width / view.ratio;
      g.drawImage(sprite, p[0] - size / 2, p[1] - size / 2, size, size);
    }]));
    const half = (i, p, q) => {   // from just under the ball's surface
      const length = Math.hypot(q[0] - p[0], q[1] - p[1], scale * (q[2] - p[2])) || 1;
      const part = Math.min(0.9, 0.75 * scale * data.radii[i] / length), from = p.map((x, k) => x + part * (q[k] - x));
      items.push([(from[2] + q[2]) / 2, () => stick(g, from, q, data.colours[i], width)]);
    };
    for (const [i, j] of frame.bonds) {
      const middle = at[i].map((x, k) => (x + at[j][k]) / 2);
      half(i, at[i], middle);
      half(j, at[j], middle);
    }
    for (const [i, end] of frame.stubs) half(i, at[i], see(end));
    for (const [from, to] of data.cell) {   // in pieces, so that each is before or behind an atom
      const p = see(from), q = see(to), on = n => p.map((x, k) => x + (q[k] - x) * n / PIECES);
      for (let n = 0; n < PIECES; n++) {
        const u = on(n), v = on(n + 1);
        items.push([(u[2] + v[2]) / 2, () => {
          g.globalAlpha = 0.55; g.strokeStyle = ink; g.lineWidth = 1;
          g.beginPath(); g.moveTo(u[0], u[1]); g.lineTo(v[0], v[1]); g.stroke();
          g.globalAlpha = 1;
        }]);
      }
    }
    return items.sort((a, b) => a[0] - b[0]);
  }

  function render(view) {
    view.pending = false;
    const { canvas } = view, w = canvas.clientWidth, h = canvas.clientHeight;
    const ratio = view.ratio = window.devicePixelRatio || 1;
    if (!w || !h) return;
    const wide = Math.round(w * ratio), high = Math.round(h * ratio);
    if (canvas.width !== wide || canvas.height !== high) { canvas.width = wide; canvas.height = high; }
    const g = canvas.getContext("2d"), R = view.turn, o = view.centre;
    const scale = view.scale = view.zoom * 0.46 * Math.min(w, h) / view.extent;
    const see = point => {
      const [x, y, z] = point.map((value, k) => value - o[k]);
      return [w / 2 + view.dx + scale * (R[0][0] * x + R[0][1] * y + R[0][2] * z),
        h / 2 + view.dy - scale * (R[1][0] * x + R[1][1] * y + R[1][2] * z), R[2][0] * x + R[2][1] * y + R[2][2] * z];
    };
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    g.clearRect(0, 0, w, h);
    g.lineCap = "round";
    for (const [, draw] of pieces(view, g, see, scale, getComputedStyle(canvas).color)) draw();
    canvas.dataset.drawn = String(++view.count);
  }

  const later = view => { if (!view.pending) { view.pending = true; requestAnimationFrame(() => render(view)); } };
  const turn = (view, x, y) => { view.turn = times(times(rotation(y, "x"), rotation(x, "y")), view.turn); later(view); };
  const zoom = (view, by) => { view.zoom = Math.min(20, Math.max(0.2, view.zoom * by)); later(view); };
  const reset = view => { Object.assign(view, { turn: START, zoom: 1, dx: 0, dy: 0 }); later(view); };

  /* The atom under the pointer, nearest to the eye. */
  function pick(view, x, y) {
    let best = -1, depth = -Infinity;
    (view.at || []).forEach((p, i) => {
      const near = Math.hypot(p[0] - x, p[1] - y) < Math.max(4, view.scale * view.data.radii[i]);
      if (near && p[2] > depth) { best = i; depth = p[2]; }
    });
    return best;
  }

  function hover(view, event) {
    const i = pick(view, event.offsetX, event.offsetY), { tip } = view;
    tip.hidden = i < 0;
    if (i < 0) return;
    const where = view.data.frames[view.frame].positions[i].map(x => x.toFixed(3)).join(", ");
    tip.textContent = `${view.data.symbols[i]} ${i + 1}   (${where}) Å`;
    const right = event.offsetX > view.canvas.clientWidth / 2;
    tip.style.cssText = `top:${event.offsetY + 14}px;` +
      (right ? `right:${view.canvas.clientWidth - event.offsetX + 8}px` : `left:${event.offsetX + 12}px`);
  }

  function listen(view) {
    const { canvas } = view;
    let last = null;
    canvas.addEventListener("pointerdown", event => {
      last = event;
      canvas.setPointerCapture(event.pointerId);
      view.tip.hidden = true;
    });
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => { last = null; });
    canvas.addEventListener("pointermove", event => {
      if (!last) return hover(view, event);
      const x = event.clientX - last.clientX, y = event.clientY - last.clientY;
      last = event;
      if (event.shiftKey) { view.dx += x; view.dy += y; later(view); } else turn(view, x * 0.01, y * 0.01);
    });
    canvas.addEventListener("pointerleave", () => { view.tip.hidden = true; });
    canvas.addEventListener("wheel", event => {
      event.preventDefault();
      zoom(view, Math.exp(-event.deltaY * 0.0012));
    }, { passive: false });
    canvas.addEventListener("dblclick", () => reset(view));
    canvas.addEventListener("keydown", event => {
      const by = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1] }[event.key];
      if (by) { event.preventDefault(); turn(view, ...by); }
      if (event.key === "+" || event.key === "-") zoom(view, event.key === "+" ? 1.15 : 1 / 1.15);
    });
  }

  /* A slider and a button for the frames of a trajectory. */
  function frames(view, box) {
    const { data } = view, bar = document.createElement("div"), play = document.createElement("button");
    const slider = document.createElement("input"), text = document.createElement("span");
    bar.className = "frames";
    play.type = "button";
    Object.assign(slider, { type: "range", min: 0, max: data.frames.length - 1, value: view.frame });
    slider.setAttribute("aria-label", "frame");
    let timer = null;
    const show = to => {
      view.frame = to;
      slider.value = to;
      text.textContent = `${to + 1} / ${data.frames.length}`;
      const note = box.parentElement.querySelector(".atoms-note");
      if (note && data.notes) note.textContent = data.notes[to];
      later(view);
    };
    const stop = () => { clearInterval(timer); timer = null; play.textContent = "▶"; play.setAttribute("aria-label", "play"); };
    play.addEventListener("click", () => {
      if (timer) return stop();
      play.textContent = "❚❚";
      play.setAttribute("aria-label", "pause");
      timer = setInterval(() => (box.isConnected ? show((view.frame + 1) % data.frames.length) : stop()), 120);
    });
    slider.addEventListener("input", () => { stop(); show(Number(slider.value)); });
    bar.append(play, slider, text);
    box.append(bar);
    stop();
    show(view.frame);
  }

  function make(box) {
    const canvas = document.createElement("canvas"), tip = document.createElement("div"), data = JSON.parse(box.dataset.structure);
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", data.label || "structure");
    canvas.title = "";
    tip.className = "atom-tip";
    tip.hidden = true;
    box.replaceChildren(canvas, tip);
    const view = { canvas, tip, data, source: box.dataset.structure, frame: data.at || 0, count: 0, ratio: 1 };
    const all = data.frames.flatMap(frame => frame.positions).concat(...data.cell);
    const spread = k => all.reduce(([low, high], p) => [Math.min(low, p[k]), Math.max(high, p[k])], [Infinity, -Infinity]);
    view.centre = [0, 1, 2].map(k => (spread(k)[0] + spread(k)[1]) / 2);
    view.extent = all.reduce((most, p) => Math.max(most, Math.hypot(...p.map((x, k) => x - view.centre[k]))), 1) + 0.5;
    views.set(box, view);
    reset(view);
    listen(view);
    if (data.frames.length > 1) frames(view, box);
    new ResizeObserver(() => later(view)).observe(box);
  }

  /* Draw what is new on the page, and again when light turns to dark. */
  function tend() {
    document.querySelectorAll("[data-structure]").forEach(box => {
      const view = views.get(box);
      if (!view || view.source !== box.dataset.structure || !box.firstChild) make(box);
    });
    for (const box of views.keys()) if (!box.isConnected) views.delete(box);
  }
  let waiting = false;
  new MutationObserver(() => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; tend(); });
  }).observe(document.documentElement, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-structure"] });
  new MutationObserver(() => views.forEach(later)).observe(document.documentElement,
    { attributes: true, attributeFilter: ["data-theme"] });

  return { tend, views };
})();
