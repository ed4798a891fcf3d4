/* Small 3D structure viewer: depth-sorted shaded balls and sticks on a 2D canvas.
   One <div data-structure> per viewer; assayStructure.draw(div, data) shows data =
   {pos:[[x,y,z]..], sym:[..], color:[..], radius:[..], bonds:[[i,j]..], stubs:[[i,[x,y,z]]..], edges:[[[..],[..]]..]}.
   Drag rotates, wheel zooms, shift-drag moves, double click resets, arrow keys and + - work too. */
window.assayStructure = (() => {
  const views = new WeakMap(), sprites = new Map();
  const rgb = h => [1, 3, 5].map(k => parseInt(h.slice(k, k + 2), 16));
  const mix = (c, d, t) => "rgb(" + c.map((x, k) => Math.round(x + (d[k] - x) * t)).join(",") + ")";
  const mul = (a, b) => a.map(r => [0, 1, 2].map(j => r[0] * b[0][j] + r[1] * b[1][j] + r[2] * b[2][j]));
  const rot = (a, k) => { const c = Math.cos(a), s = Math.sin(a);
    return k ? [[c, 0, s], [0, 1, 0], [-s, 0, c]] : [[1, 0, 0], [0, c, -s], [0, s, c]]; };
  const START = mul(rot(0.35, 0), rot(-0.5, 1));

  function sprite(color, r) {                       // a shaded ball, drawn once per colour and size
    const key = color + Math.round(r * 2);
    let s = sprites.get(key);
    if (!s) {
      if (sprites.size > 400) sprites.clear();
      s = document.createElement("canvas");
      s.width = s.height = Math.ceil(2 * r) + 4;
      const g = s.getContext("2d"), m = s.width / 2, c = rgb(color);
      const f = g.createRadialGradient(m - 0.35 * r, m - 0.4 * r, 0.05 * r, m, m, r);
      f.addColorStop(0, mix(c, [255, 255, 255], 0.75));
      f.addColorStop(0.3, mix(c, [255, 255, 255], 0.12));
      f.addColorStop(0.75, mix(c, [0, 0, 0], 0.22));
      f.addColorStop(1, mix(c, [0, 0, 0], 0.55));
      g.fillStyle = f; g.beginPath(); g.arc(m, m, r, 0, 7); g.fill();
      sprites.set(key, s);
    }
    return s;
  }

  function render(v) {
    v.pending = false;
    const { canvas, data } = v, w = canvas.clientWidth, h = canvas.clientHeight, dpr = window.devicePixelRatio || 1;
    if (!data || !w || !h) return;
    if (canvas.width !== Math.round(w * dpr) || canvas.height !== Math.round(h * dpr)) {
      canvas.width = Math.round(w * dpr); canvas.height = Math.round(h * dpr);
    }
    const g = canvas.getContext("2d"), ink = getComputedStyle(canvas).color;
    g.setTransform(dpr, 0, 0, dpr, 0, 0); g.clearRect(0, 0, w, h);
    const k = v.zoom * 0.46 * Math.min(w, h) / v.extent, R = v.R, o = v.centre;
    const see = p => { const x = p[0] - o[0], y = p[1] - o[1], z = p[2] - o[2];
      return [w / 2 + v.dx + k * (R[0][0] * x + R[0][1] * y + R[0][2] * z),
              h / 2 + v.dy - k * (R[1][0] * x + R[1][1] * y + R[1][2] * z),
              R[2][0] * x + R[2][1] * y + R[2][2] * z]; };
    const items = [], at = v.at = data.pos.map(see);
    at.forEach((p, i) => items.push([p[2], 0, p, i]));
    const half = (i, p, q) => {                     // from just under the ball's surface to q
      const d = Math.hypot(q[0] - p[0], q[1] - p[1], k * (q[2] - p[2])) || 1, t = Math.min(0.9, 0.75 * k * data.radius[i] / d);
      const a = p.map((x, n) => x + t * (q[n] - x));
      items.push([(a[2] + q[2]) / 2, 1, a, q, data.color[i]]);
    };
    for (const [i, j] of data.bonds) {
      const p = at[i], q = at[j], m = p.map((x, n) => (x + q[n]) / 2);
      half(i, p, m); half(j, q, m);
    }
    for (const [i, e] of data.stubs || []) half(i, at[i], see(e));
    const N = 10;
    for (const [a, b] of data.edges || []) {        // short pieces, so that depth sorting is right
      const p = see(a), q = see(b);
      for (let n = 0; n < N; n++) {
        const u = p.map((x, c) => x + (q[c] - x) * n / N), t = p.map((x, c) => x + (q[c] - x) * (n + 1) / N);
        items.push([(u[2] + t[2]) / 2, 2, u, t]);
      }
    }
    items.sort((a, b) => a[0] - b[0]);
    g.lineCap = "round";
    const rb = Math.max(1.2, 0.11 * k);
    for (const [z, kind, p, q, color] of items) {
      if (kind === 0) {
        const r = Math.max(1.5, k * data.radius[q]), s = sprite(data.color[q], r * dpr);
        g.drawImage(s, p[0] - s.width / dpr / 2, p[1] - s.width / dpr / 2, s.width / dpr, s.width / dpr);
      } else if (kind === 1) {
        const c = rgb(color), L = Math.hypot(q[0] - p[0], q[1] - p[1]) || 1;
        let nx = -(q[1] - p[1]) / L, ny = (q[0] - p[0]) / L;
        if (nx * -0.6 + ny * -0.8 < 0) { nx = -nx; ny = -ny; }
        for (const [wd, off, t, to] of [[2, 0, 0.5, 0], [1.55, 0.16, 0.2, 0], [0.8, 0.35, 0.1, 255], [0.3, 0.45, 0.55, 255]]) {
          g.strokeStyle = mix(c, [to, to, to], t); g.lineWidth = wd * rb;
          g.beginPath(); g.moveTo(p[0] + nx * off * rb, p[1] + ny * off * rb); g.lineTo(q[0] + nx * off * rb, q[1] + ny * off * rb); g.stroke();
        }
      } else {
        g.globalAlpha = 0.6; g.strokeStyle = ink; g.lineWidth = 1;
        g.beginPath(); g.moveTo(p[0], p[1]); g.lineTo(q[0], q[1]); g.stroke(); g.globalAlpha = 1;
      }
    }
    v.k = k;
    canvas.dataset.drawn = String(++v.count);
  }

  const later = v => { if (!v.pending) { v.pending = true; requestAnimationFrame(() => render(v)); } };
  const turn = (v, x, y) => { v.R = mul(mul(rot(y, 0), rot(x, 1)), v.R); later(v); };
  const zoom = (v, f) => { v.zoom = Math.min(20, Math.max(0.2, v.zoom * f)); later(v); };
  const reset = v => { v.R = START; v.zoom = 1; v.dx = v.dy = 0; later(v); };

  function make(div) {
    const canvas = document.createElement("canvas"), tip = document.createElement("div");
    canvas.tabIndex = 0; canvas.setAttribute("role", "img");
    canvas.style.cssText = "width:100%;height:100%;display:block;touch-action:none;cursor:grab";
    tip.style.cssText = "position:absolute;pointer-events:none;padding:2px 6px;border-radius:4px;background:#000c;color:#fff;font:12px sans-serif;display:none;white-space:nowrap";
    div.style.position = "relative"; div.replaceChildren(canvas, tip);
    const v = { canvas, tip, count: 0 }; reset(v);
    let last = null;
    canvas.onpointerdown = e => { last = e; canvas.setPointerCapture(e.pointerId); tip.style.display = "none"; };
    canvas.onpointerup = () => { last = null; };
    canvas.onpointermove = e => {
      if (last) {
        const x = e.clientX - last.clientX, y = e.clientY - last.clientY; last = e;
        if (e.shiftKey) { v.dx += x; v.dy += y; later(v); } else turn(v, x * 0.01, y * 0.01);
        return;
      }
      let best = -1, bz = -1e9;
      (v.at || []).forEach((p, i) => {
        if (Math.hypot(p[0] - e.offsetX, p[1] - e.offsetY) < Math.max(4, v.k * v.data.radius[i]) && p[2] > bz) { best = i; bz = p[2]; }
      });
      tip.style.display = best < 0 ? "none" : "block";
      if (best >= 0) {
        tip.textContent = `${v.data.sym[best]} ${best + 1}  (${v.data.pos[best].map(x => x.toFixed(3)).join(", ")}) Å`;
        tip.style.left = e.offsetX + 12 + "px"; tip.style.top = e.offsetY + 12 + "px";
      }
    };
    canvas.onpointerleave = () => { tip.style.display = "none"; };
    canvas.addEventListener("wheel", e => { e.preventDefault(); zoom(v, Math.exp(-e.deltaY * 0.0012)); }, { passive: false });
    canvas.ondblclick = () => reset(v);
    canvas.onkeydown = e => {
      const d = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1] }[e.key];
      if (d) { e.preventDefault(); turn(v, ...d); } else if (e.key === "+" || e.key === "-") zoom(v, e.key === "+" ? 1.15 : 1 / 1.15);
    };
    new ResizeObserver(() => later(v)).observe(div);
    const again = () => later(v), watch = new MutationObserver(again);   // light or dark: ink is the CSS colour
    for (let n = div; n; n = n.parentElement) watch.observe(n, { attributes: true, attributeFilter: ["class", "style", "data-theme"] });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
    views.set(div, v);
    return v;
  }

  return {
    draw(div, data) {
      const v = views.get(div) || make(div), all = data.pos.concat(...(data.edges || []));
      v.data = data;
      v.centre = [0, 1, 2].map(c => (Math.min(...all.map(p => p[c])) + Math.max(...all.map(p => p[c]))) / 2);
      v.extent = Math.max(1, ...all.map(p => Math.hypot(...p.map((x, c) => x - v.centre[c])))) + 0.4;
      v.canvas.setAttribute("aria-label", data.label || "structure");
      render(v);
    },
    redraw(div) { const v = views.get(div); if (v) later(v); },
  };
})();
