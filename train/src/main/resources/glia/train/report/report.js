'use strict';
(() => {
const byId = id => document.getElementById(id);
const text = byId('data').textContent;
// A frame of the page that re-reads the file: it hands over the data and draws nothing.
if (parent !== window) { parent.postMessage({ gliaReport: text }, '*'); return; }

const SVG = 'http://www.w3.org/2000/svg';
const COLORS = 8, MAX_ROWS_WITH_NAMES = 48, TABLE_ROWS = 40;
let data = JSON.parse(text);
const saved = (() => { try { return JSON.parse(sessionStorage.getItem(storageKey())) || history.state || {}; } catch { return history.state || {}; } })();
const state = Object.assign({ smooth: 0.8, logX: false, zoom: null, logY: {}, pick: {}, color: {}, filter: {}, sample: -1, rollout: -1,
  open: {}, scroll: 0 }, saved);
let cross = null;
let cards = [];

function storageKey() { return 'glia-report ' + location.pathname; }
function keep() {
  state.scroll = scrollY;
  try { history.replaceState(state, ''); } catch { /* Some browsers limit how often. */ }
  try { sessionStorage.setItem(storageKey(), JSON.stringify(state)); } catch { /* Settings last as long as the page. */ }
}

// Elements. Text from the data is only ever set as text.
function el(name, attributes, ...children) {
  const e = document.createElement(name);
  return fill(e, attributes, children);
}
function svg(name, attributes, ...children) { return fill(document.createElementNS(SVG, name), attributes, children); }
function fill(e, attributes, children) {
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith('on')) e.addEventListener(key.slice(2), value);
    else if (value !== false && value != null) e.setAttribute(key, value === true ? '' : value);
  }
  e.append(...children.filter(c => c != null));
  return e;
}

// Numbers
function number(v) {
  if (v == null || Number.isNaN(v)) return '–';
  const a = Math.abs(v);
  if (a !== 0 && (a < 1e-3 || a >= 1e7)) return v.toExponential(2).replace('e+', 'e');
  if (a >= 1000) return Math.round(v).toLocaleString('en');
  return String(Number(v.toPrecision(4)));
}
function short(v, digits = 3) {
  for (const [unit, size] of [['T', 1e12], ['G', 1e9], ['M', 1e6], ['k', 1e3]]) {
    if (Math.abs(v) >= size) return Number((v / size).toPrecision(digits)) + ' ' + unit;
  }
  return v !== 0 && Math.abs(v) < 1e-3 ? v.toExponential(digits - 3) : String(Number(v.toPrecision(digits)));
}
/* The labels of an axis, with as many digits as make them different. */
function labels(values) {
  for (let digits = 3; digits < 10; digits++) {
    const all = values.map(v => short(v, digits));
    if (new Set(all).size === all.length) return all;
  }
  return values.map(v => short(v));
}
function duration(s) {
  if (s == null || !isFinite(s)) return '–';
  if (s < 60) return Math.round(s) + ' s';
  if (s < 3600) return Math.floor(s / 60) + ' min ' + Math.round(s % 60) + ' s';
  return Math.floor(s / 3600) + ' h ' + Math.round(s % 3600 / 60) + ' min';
}
function smoothed(values) {
  let sum = 0, weight = 0;
  return values.map(v => {
    if (v == null) return null;
    sum = state.smooth * sum + (1 - state.smooth) * v;
    weight = state.smooth * weight + 1 - state.smooth;
    return sum / weight;
  });
}
const isSmoothed = curve => state.smooth > 0 && curve.my.length > 30 && !/^(validation|learning rate)$/.test(curve.name);

// Header
function header() {
  document.title = (data.state === 'running' && data.steps ? Math.floor(100 * data.step / data.steps) + ' % · ' : '') + data.title;
  byId('title').textContent = data.title;
  const share = data.steps ? Math.min(1, data.step / data.steps) : 0;
  byId('progress').firstElementChild.style.width = 100 * share + '%';
  byId('progress').setAttribute('aria-valuemax', data.steps);
  byId('progress').setAttribute('aria-valuenow', data.step);
  const loss = find('Loss', 'train'), validation = find('Loss', 'validation');
  const tiles = [['Step', data.step.toLocaleString('en'), 'of ' + data.steps.toLocaleString('en')]];
  // The loss of reinforcement learning is near 0 whatever is learned.
  const reward = find('Reward', 'reward/mean'), heldOut = find('Accuracy', 'accuracy/held_out');
  const accuracy = heldOut ?? find('Accuracy', 'accuracy/training');
  if (reward) tiles.push(['Reward', number(smoothed(reward.my).findLast(v => v != null)), 'smoothed']);
  if (reward && accuracy) tiles.push(['Accuracy', number(accuracy.last), heldOut ? 'held out' : 'training']);
  if (loss && !reward) tiles.push(['Training loss', number(smoothed(loss.my).findLast(v => v != null)), 'smoothed']);
  if (validation && !reward) tiles.push(['Validation loss', number(validation.last),
    data.bestLoss == null ? '' : data.bestLoss === validation.last ? 'the best so far' : 'best ' + number(data.bestLoss) + ' at ' + data.bestStep.toLocaleString('en')]);
  tiles.push(['Tokens', short(data.tokens)], ['Speed', short(data.speed), 'tokens/s'], ['Training time', duration(data.seconds)]);
  if (data.state === 'running') tiles.push(['Time left', duration(data.secondsLeft)]);
  byId('tiles').replaceChildren(...tiles.map(([name, value, more]) =>
    el('div', {}, el('dt', {}, name), el('dd', {}, value, more ? ' ' : null, more ? el('small', {}, more) : null))));
  age();
}
function find(title, name) {
  const section = data.sections.find(s => s.kind === 'curves' && s.title === title);
  return section && section.curves.find(c => c.name === name);
}
function age() {
  const seconds = Math.max(0, (Date.now() - Date.parse(data.time)) / 1000);
  const stale = data.state === 'running' && seconds > Math.max(120, 6 * data.refresh);
  const pill = byId('state');
  const words = stale ? 'no news for ' + duration(seconds) : data.state;
  if (pill.textContent !== words) pill.textContent = words;
  pill.className = stale ? 'stale' : data.state;
  byId('footer').textContent = 'Written ' + new Date(data.time).toLocaleString()
    + (data.state === 'running' ? ', ' + duration(seconds) + ' ago. This page updates itself.' : '.');
}

// Axes
function scale(from, to, low, high, log) {
  const f = log ? Math.log10 : v => v;
  const a = f(from), b = f(to) === a ? a + 1 : f(to);
  const at = v => low + (f(v) - a) / (b - a) * (high - low);
  at.back = p => { const v = a + (p - low) / (high - low) * (b - a); return log ? 10 ** v : v; };
  return at;
}
function ticks(from, to, count, log) {
  const list = [];
  if (log) {
    const first = Math.floor(Math.log10(from)), last = Math.ceil(Math.log10(to));
    const every = Math.max(1, Math.ceil((last - first) / count));
    const parts = last - first <= 2 ? [1, 2, 5] : [1];
    for (let e = first; e <= last; e += every) parts.forEach(p => list.push(p * 10 ** e));
    const inside = list.filter(v => v >= from * (1 - 1e-9) && v <= to * (1 + 1e-9));
    return inside.length > 1 ? inside : ticks(from, to, count, false);
  }
  const rough = (to - from) / count, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(m => m * power).find(s => s >= rough * 0.7);
  for (let v = Math.ceil(from / step - 1e-9); v * step <= to + step * 1e-9 && list.length < 50; v++) list.push(v * step);
  return list;
}
function stepRange() {
  if (state.zoom) return state.zoom;
  let first = Infinity, last = -Infinity;
  data.sections.filter(s => s.kind === 'curves').forEach(s => s.curves.forEach(c => {
    if (c.x.length) { first = Math.min(first, c.x[0]); last = Math.max(last, c.x[c.x.length - 1]); }
  }));
  return first > last ? [0, 1] : [first, Math.max(last, first + 1)];
}
/* The index of the value nearest to a step. */
function nearest(steps, step) {
  let low = 0, high = steps.length - 1;
  while (high - low > 1) { const middle = low + high >> 1; if (steps[middle] <= step) low = middle; else high = middle; }
  return Math.abs(steps[low] - step) <= Math.abs(steps[high] - step) ? low : high;
}

// Sections
function card(title, wide, ...children) { return el('section', { class: wide ? 'card wide' : 'card', 'aria-label': title }, ...children); }
function top(title, ...controls) { return el('div', { class: 'top' }, el('h2', {}, title), ...controls); }
function toggle(label, title, isOn, change) {
  const button = el('button', { type: 'button', title, 'aria-pressed': String(isOn()) }, label);
  button.addEventListener('click', () => { change(!isOn()); button.setAttribute('aria-pressed', String(isOn())); keep(); });
  return button;
}
function choice(label, options, value, change) {
  const select = el('select', { 'aria-label': label }, ...options.map(([v, name]) => el('option', { value: v, selected: v === value }, name)));
  select.addEventListener('change', () => { change(select.value); keep(); });
  return select;
}
function table(head, rows, className) {
  return el('table', { class: className }, head ? el('thead', {}, el('tr', {}, ...head.map(h => el('th', { scope: 'col' }, h)))) : null,
    el('tbody', {}, ...rows.map(r => el('tr', {}, ...r.map((c, i) => i ? el('td', {}, c) : el('th', { scope: 'row' }, c))))));
}
function asTable(key, make) {
  const box = el('div', { class: 'scroll', tabindex: 0 });
  const details = el('details', { open: !!state.open[key] }, el('summary', {}, 'Table'), box);
  const show = () => { if (details.open) box.replaceChildren(make()); };
  details.addEventListener('toggle', () => { state.open[key] = details.open; show(); keep(); });
  show();
  return details;
}

function curvesCard(get, key, isFirst) {
  const legend = el('div', { class: 'legend' }), note = el('p', { class: 'note' });
  const plot = el('div', { class: 'plot', tabindex: 0, role: 'slider', 'aria-label': get().title + ' by step' });
  const log = toggle('log', 'Logarithmic axis', () => !!state.logY[key], on => { state.logY[key] = on; draw(); });
  const box = card(get().title, isFirst, top(get().title, log), legend, plot, note, asTable(key, rows));
  let x, draggedFrom = null, marks = [], line;

  function draw() {
    const width = Math.max(200, plot.clientWidth || 600), height = isFirst ? 320 : 220;
    const left = 50, right = width - 10, bottom = height - 24, y0 = 8;
    const [from, to] = stepRange(), logX = state.logX && to > 1;
    const curves = get().curves, low = Math.max(from, logX ? 1 : from);
    const shown = curves.map(c => ({ raw: [c.x, c.y], main: isSmoothed(c) ? [c.mx, smoothed(c.my)] : null }));
    let min = Infinity, max = -Infinity, least = Infinity;
    shown.forEach(s => s.raw[0].forEach((step, i) => {
      const v = s.raw[1][i];
      if (v == null || step < low || step > to) return;
      min = Math.min(min, v); max = Math.max(max, v);
      if (v > 0) least = Math.min(least, v);
    }));
    if (min > max) { min = 0; max = 1; }
    const logY = !!state.logY[key] && isFinite(least);
    if (logY) { min = least; max = Math.max(max, min * 1.01); }
    else { const pad = (max - min || Math.abs(max) || 1) * 0.05; min = min >= 0 && min - pad < 0 ? 0 : min - pad; max += pad; }
    x = scale(low, to, left, right, logX);
    const y = scale(min, max, bottom, y0, logY);
    const clip = 'clip' + key.replace(/\W/g, '');
    const root = svg('svg', { height, 'aria-hidden': true });
    root.append(svg('clipPath', { id: clip }, svg('rect', { x: left, y: 0, width: right - left + 6, height: bottom + 1 })));
    const onY = ticks(min, max, isFirst ? 7 : 5, logY), textsY = labels(onY);
    onY.forEach((v, i) => root.append(
      svg('line', { class: 'grid', x1: left, x2: right, y1: y(v), y2: y(v) }),
      svg('text', { x: left - 8, y: y(v) + 4, 'text-anchor': 'end' }, textsY[i])));
    const onX = ticks(low, to, Math.max(3, width / 130), logX), textsX = labels(onX);
    onX.forEach((v, i) => root.append(
      svg('text', { x: x(v), y: height - 6, 'text-anchor': x(v) > right - 14 ? 'end' : 'middle' }, textsX[i])));
    root.append(svg('text', { x: left - 8, y: height - 6, 'text-anchor': 'end' }, 'step'));
    root.append(svg('line', { class: 'axis', x1: left, x2: right, y1: bottom + .5, y2: bottom + .5 }));
    const group = svg('g', { 'clip-path': `url(#${clip})` });
    shown.forEach((s, i) => {
      const color = `var(--c${i % COLORS})`;
      group.append(svg('path', { class: s.main ? 'raw faint' : 'main', stroke: color, d: path(s.raw, x, y, logX, logY) }));
      if (s.main) group.append(svg('path', { class: 'main', stroke: color, d: path(s.main, x, y, logX, logY) }));
      else if (curves[i].x.length <= 40) curves[i].x.forEach((step, k) => {
        if (curves[i].y[k] != null && step >= low) group.append(svg('circle', { cx: x(step), cy: y(curves[i].y[k]), r: curves[i].x.length <= 5 ? 4 : 2.5, fill: color }));
      });
    });
    line = svg('line', { class: 'cross', y1: y0, y2: bottom, visibility: 'hidden' });
    marks = shown.map((s, i) => svg('circle', { r: 4, fill: `var(--c${i % COLORS})`, stroke: 'var(--card)', 'stroke-width': 1.5, visibility: 'hidden' }));
    group.append(line, ...marks);
    root.append(group);
    plot.replaceChildren(root);
    plot.marks = { y, shown, left, right, bottom, y0, root };
    const bad = curves.filter(c => c.notFinite > 0);
    note.textContent = bad.map(c => `${c.name}: ${c.notFinite} value${c.notFinite > 1 ? 's' : ''} not finite, first at step ${c.firstNotFinite.toLocaleString('en')}`).join('; ');
    note.hidden = bad.length === 0;
    crosshair();
  }
  function crosshair() {
    const { y, shown } = plot.marks, curves = get().curves, [from, to] = stepRange();
    const step = cross == null ? null : Math.min(Math.max(cross, from), to);
    line.setAttribute('visibility', step == null ? 'hidden' : 'visible');
    if (step != null) { line.setAttribute('x1', x(step)); line.setAttribute('x2', x(step)); }
    const parts = curves.map((c, i) => {
      const [steps, values] = shown[i].main || shown[i].raw;
      const k = step == null ? values.length - 1 : nearest(steps, step), v = values[k];
      const r = step == null ? c.y.length - 1 : nearest(c.x, step);
      const visible = step != null && v != null && !(state.logY[key] && v <= 0);
      marks[i].setAttribute('visibility', visible ? 'visible' : 'hidden');
      if (visible) { marks[i].setAttribute('cx', x(steps[k])); marks[i].setAttribute('cy', y(v)); }
      const words = number(v) + (shown[i].main && step != null ? ' (' + number(c.y[r]) + ')' : '');
      return [c.name, words, i];
    });
    const at = step == null ? 'last' : 'step ' + Math.round(step).toLocaleString('en');
    legend.replaceChildren(...parts.map(([name, words, i]) =>
      el('span', { style: `--color: var(--c${i % COLORS})` }, name + ' ', el('b', {}, words))), el('span', { class: 'at' }, at));
    plot.setAttribute('aria-valuemin', from); plot.setAttribute('aria-valuemax', to);
    plot.setAttribute('aria-valuenow', Math.round(step == null ? to : step));
    plot.setAttribute('aria-valuetext', at + ': ' + parts.map(p => p[0] + ' ' + p[1]).join(', '));
  }
  function rows() {
    const [from, to] = stepRange(), curves = get().curves;
    const steps = [...new Set(curves.flatMap(c => c.mx))].filter(s => s >= from && s <= to).sort((a, b) => a - b);
    const some = steps.length <= TABLE_ROWS ? steps : Array.from({ length: TABLE_ROWS }, (_, i) => steps[Math.round(i * (steps.length - 1) / (TABLE_ROWS - 1))]);
    return table(['step', ...curves.map(c => c.name)], some.map(s => [s.toLocaleString('en'),
      ...curves.map(c => { const k = nearest(c.mx, s); return Math.abs(c.mx[k] - s) <= (to - from) / TABLE_ROWS ? number(c.my[k]) : ''; })]));
  }
  const stepAt = e => { const r = plot.getBoundingClientRect(), m = plot.marks; return x.back(Math.min(Math.max(e.clientX - r.left, m.left), m.right)); };
  plot.addEventListener('pointermove', e => {
    setCross(stepAt(e));
    if (draggedFrom != null) brush(draggedFrom, cross);
  });
  plot.addEventListener('pointerleave', () => { if (draggedFrom == null) setCross(null); });
  plot.addEventListener('pointerdown', e => {
    if (e.pointerType === 'mouse' && e.button === 0) { draggedFrom = stepAt(e); plot.setPointerCapture(e.pointerId); }
  });
  plot.addEventListener('pointerup', () => {
    if (draggedFrom != null && cross != null && Math.abs(x(draggedFrom) - x(cross)) > 8) zoom([Math.min(draggedFrom, cross), Math.max(draggedFrom, cross)]);
    else brush(0, 0);
    draggedFrom = null;
  });
  plot.addEventListener('dblclick', () => zoom(null));
  plot.addEventListener('keydown', e => {
    const steps = longest(get().curves), last = steps.length - 1, [from, to] = stepRange();
    const now = nearest(steps, cross == null ? to : cross), leap = Math.max(1, Math.round(last / 20));
    const next = { ArrowLeft: now - 1, ArrowRight: now + 1, PageDown: now - leap, PageUp: now + leap, Home: 0, End: last }[e.key];
    if (next != null && last >= 0) { setCross(Math.min(Math.max(steps[Math.min(Math.max(next, 0), last)], from), to)); e.preventDefault(); }
    else if (e.key === 'Escape') { setCross(null); zoom(null); }
  });
  plot.addEventListener('blur', () => setCross(null));
  function brush(a, b) {
    const { root, y0, bottom } = plot.marks;
    root.querySelectorAll('.brush').forEach(r => r.remove());
    if (a !== b) root.append(svg('rect', { class: 'brush', x: Math.min(x(a), x(b)), width: Math.abs(x(a) - x(b)), y: y0, height: bottom - y0 }));
  }
  return { box, draw, crosshair, plot };
}
const longest = curves => curves.reduce((a, c) => c.x.length > a.length ? c.x : a, []);
function path([steps, values], x, y, logX, logY) {
  let d = '', pen = 'M';
  for (let i = 0; i < steps.length; i++) {
    if (values[i] == null || logY && values[i] <= 0 || logX && steps[i] <= 0) { pen = 'M'; continue; }
    d += pen + x(steps[i]).toFixed(1) + ' ' + y(values[i]).toFixed(1);
    pen = 'L';
  }
  return d;
}
function setCross(step) { cross = step; cards.forEach(c => c.crosshair && c.crosshair()); }
function zoom(range) { state.zoom = range; byId('unzoom').hidden = !range; keep(); drawAll(); }

const STOPS = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];
function color(share) {
  const at = Math.min(Math.max(share, 0), 1) * 4, i = Math.min(3, Math.floor(at)), f = at - i;
  return STOPS[i].map((c, k) => c + (STOPS[i + 1][k] - c) * f);
}
function heatmapCard(get, key) {
  const maps = () => get().map(s => s.heatmap);
  const preferred = () => (maps().find(m => m.name.endsWith('/per_layer')) || maps()[0]).name;
  const current = () => maps().find(m => m.name === (state.pick[key] || preferred())) || maps()[0];
  const groups = () => [...new Set(current().rows.filter(r => r.includes(' · ')).map(r => r.split(' · ')[0]))];
  const plot = el('div', { class: 'plot' }), readout = el('div', { class: 'legend', role: 'status' }), bar = el('div', { class: 'scale' });
  const controls = el('div');
  const box = card(get()[0].title, true, top(get()[0].title, controls), readout, plot, bar, asTable(key, rows));
  function visible() {
    const m = current(), only = state.filter[key], all = m.rows.map((name, i) => [name, m.values[i]]);
    const some = only ? all.filter(r => r[0].split(' · ')[0] === only) : all;
    return some.length ? some : all;
  }
  function draw() {
    const m = current(), list = visible(), modes = [['linear', 'linear colors'], ['log', 'logarithmic colors'], ['row', 'colors by row']];
    controls.replaceChildren();
    if (maps().length > 1) controls.append(choice('Figure', maps().map(h => [h.name, label(h.name)]), m.name, v => { state.pick[key] = v; draw(); }), ' ');
    if (groups().length > 1) controls.append(choice('Layer', [['', 'all layers'], ...groups().map(g => [g, g])], state.filter[key] || '', v => { state.filter[key] = v; draw(); }), ' ');
    controls.append(choice('Colors', modes, state.color[key] || 'linear', v => { state.color[key] = v; draw(); }));
    const mode = state.color[key] || 'linear', width = Math.max(200, plot.clientWidth || 600);
    const names = list.length <= MAX_ROWS_WITH_NAMES, left = names ? Math.min(190, width * .38, 14 + 6.2 * Math.max(...list.map(r => r[0].length))) : 10;
    const rowHeight = Math.max(2, Math.min(16, 420 / list.length)), height = Math.max(rowHeight * list.length, 16), columns = m.steps.length;
    const f = mode === 'log' ? v => v > 0 ? Math.log(v) : null : v => v;
    const rangeOf = values => values.reduce(([a, b], v) => { const t = v == null ? null : f(v); return t == null ? [a, b] : [Math.min(a, t), Math.max(b, t)]; }, [Infinity, -Infinity]);
    const whole = rangeOf(list.flatMap(r => r[1]));
    const canvas = document.createElement('canvas');
    canvas.width = Math.max(1, columns); canvas.height = Math.max(1, list.length);
    const context = canvas.getContext('2d'), image = context.createImageData(canvas.width, canvas.height);
    list.forEach(([, values], r) => {
      const [low, high] = mode === 'row' ? rangeOf(values) : whole;
      values.forEach((v, c) => {
        const t = v == null ? null : f(v);
        if (t != null) image.data.set([...color(high > low ? (t - low) / (high - low) : .5), 255], 4 * (r * canvas.width + c));
      });
    });
    context.putImageData(image, 0, 0);
    const root = svg('svg', { height: height + 22, role: 'img', 'aria-label': `${label(m.name)}, ${list.length} rows by ${columns} times; see the table below` });
    root.append(svg('image', { class: 'cells', href: canvas.toDataURL(), x: left, y: 0, width: width - left, height, preserveAspectRatio: 'none' }));
    if (names) list.forEach(([name], r) => { if (rowHeight >= 9 || r % 2 === 0) root.append(svg('text', { x: left - 6, y: (r + .5) * rowHeight + 4, 'text-anchor': 'end' }, name.length > 28 ? '…' + name.slice(-27) : name)); });
    const labels = Math.min(columns, Math.max(2, Math.floor((width - left) / 110)));
    for (let i = 0; i < labels; i++) {
      const c = labels === 1 ? 0 : Math.round(i * (columns - 1) / (labels - 1)), at = left + (c + .5) * (width - left) / columns;
      root.append(svg('text', { x: at, y: height + 16, 'text-anchor': i === 0 ? 'start' : i === labels - 1 ? 'end' : 'middle' }, short(m.steps[c])));
    }
    if (left > 30) root.append(svg('text', { x: left - 6, y: height + 16, 'text-anchor': 'end' }, 'step'));
    plot.replaceChildren(root);
    plot.onpointermove = e => {
      const b = plot.getBoundingClientRect(), c = Math.floor((e.clientX - b.left - left) / (width - left) * columns), r = Math.floor((e.clientY - b.top) / rowHeight);
      if (c >= 0 && c < columns && r >= 0 && r < list.length) say(`${list[r][0]}: `, number(list[r][1][c]), ` at step ${m.steps[c].toLocaleString('en')}`);
    };
    plot.onpointerleave = () => say('Point at a cell to read its value.', '', '');
    plot.onpointerleave();
    const unit = v => number(mode === 'log' ? Math.exp(v) : v);
    bar.replaceChildren(...(mode === 'row' ? ['least of the row', el('i'), 'greatest'] : isFinite(whole[0]) ? [unit(whole[0]), el('i'), unit(whole[1])] : []),
      m.omitted ? ` · only the first ${m.rows.length} rows are kept` : '');
  }
  function say(before, value, after) { readout.replaceChildren(el('span', { class: 'at' }, before, el('b', {}, value), after)); }
  function rows() {
    const m = current(), count = Math.min(8, m.steps.length);
    const some = Array.from({ length: count }, (_, i) => count === 1 ? 0 : Math.round(i * (m.steps.length - 1) / (count - 1)));
    return table(['', ...some.map(c => 'step ' + m.steps[c].toLocaleString('en'))], visible().map(([name, values]) => [name, ...some.map(c => number(values[c]))]));
  }
  return { box, draw };
}
const label = name => name.endsWith('/per_layer') ? 'per layer' : name.includes('/') ? name : 'per tensor';

function samplesCard(get) {
  const slider = el('input', { type: 'range', min: 0, 'aria-label': 'Step of the samples' }), step = el('output'), texts = el('div', { class: 'texts' });
  slider.addEventListener('input', () => { state.sample = Number(slider.value) === get().samples.length - 1 ? -1 : get().samples[slider.value].step; keep(); show(); });
  function draw() {
    const list = get().samples;
    slider.max = list.length - 1;
    const at = list.findIndex(s => s.step === state.sample);
    slider.value = at < 0 ? list.length - 1 : at;
    show();
  }
  function show() {
    const sample = get().samples[slider.value];
    step.textContent = 'step ' + sample.step.toLocaleString('en');
    slider.setAttribute('aria-valuetext', step.textContent);
    texts.replaceChildren(...sample.texts.map(([prompt, answer]) => el('p', { tabindex: 0 }, el('em', {}, prompt), answer)));
  }
  return { box: card('Samples', true, top('Samples'), el('div', { class: 'slide' }, slider, step), texts), draw };
}
/* Texts with a value for each token: the color says its sign, the strength its size among those of the step. */
function rolloutsCard(get) {
  const slider = el('input', { type: 'range', min: 0, 'aria-label': 'Step of the rollouts' }), step = el('output'), texts = el('div', { class: 'texts' });
  slider.addEventListener('input', () => { state.rollout = +slider.value === +slider.max ? -1 : get().samples[slider.value].step; show(); keep(); });
  function draw() {
    const list = get().samples;
    slider.max = list.length - 1;
    const at = list.findIndex(s => s.step === state.rollout);
    slider.value = at < 0 ? list.length - 1 : at;
    show();
  }
  function show() {
    const sample = get().samples[slider.value];
    step.textContent = 'step ' + sample.step.toLocaleString('en');
    slider.setAttribute('aria-valuetext', step.textContent);
    const most = Math.max(1e-9, ...sample.texts.flatMap(t => t.values.map(v => Math.abs(v || 0))));
    texts.replaceChildren(...sample.texts.map(t => el('p', { tabindex: 0, class: 'rollout' }, el('b', {}, t.title), ' ', el('em', {}, t.prompt),
      ...t.tokens.map((piece, i) => {
        const v = t.values[i], strength = v == null ? 0 : Math.round(55 * Math.abs(v) / most);
        return el('span', { class: v == null ? 'given' : 'token', title: v == null ? 'not sampled' : number(v),
          style: strength ? `background: color-mix(in srgb, var(--${v > 0 ? 'good' : 'bad'}) ${strength}%, transparent)` : null }, piece);
      }))));
  }
  const legend = el('p', { class: 'note key' }, el('span', { class: 'token', style: 'background: color-mix(in srgb, var(--good) 40%, transparent)' }, 'advantage above 0'), ' ',
    el('span', { class: 'token', style: 'background: color-mix(in srgb, var(--bad) 40%, transparent)' }, 'below 0'));
  return { box: card('Rollouts', true, top('Rollouts'), el('div', { class: 'slide' }, slider, step), legend, texts), draw };
}
function notesCard(get) {
  const list = el('ul', { class: 'notes', tabindex: 0 }), title = el('h2');
  return { box: card('Warnings', true, el('div', { class: 'top' }, title), list), draw() {
    title.textContent = `Warnings (${get().count})`;
    list.replaceChildren(...get().notes.toReversed().map(([step, message]) => el('li', {}, el('b', {}, 'step ' + step.toLocaleString('en')), message)));
  } };
}
function tableCard(get) {
  const host = el('div');
  return { box: card(get().title, false, top(get().title), host), draw() { host.replaceChildren(table(null, get().rows, 'pairs')); } };
}

// How each kind of section is drawn.
const KINDS = { curves: curvesCard, heatmap: heatmapCard, samples: samplesCard, rollouts: rolloutsCard, notes: notesCard, table: tableCard };
const keyOf = section => section.kind + ' ' + section.title;
/* Adds cards for new sections; those that are there stay, so that focus and open tables do. */
function build() {
  const keys = [...new Set(data.sections.filter(s => KINDS[s.kind]).map(keyOf))];
  const host = byId('sections');
  cards = keys.map((key, i) => {
    const old = cards.find(c => c.key === key);
    if (old) return old;
    const kind = data.sections.find(s => keyOf(s) === key).kind;
    const all = () => data.sections.filter(s => keyOf(s) === key);
    const made = KINDS[kind](kind === 'heatmap' ? all : () => all()[0], key, i === 0);
    made.key = key;
    host.insertBefore(made.box, host.children[i] || null);
    return made;
  });
}
function drawAll() { cards.forEach(c => c.draw()); }
function show() {
  header();
  build();
  drawAll();
}

// Reads the file again in a hidden frame, so that nothing on the page moves; reloads the page where frames of files are
// not allowed.
let failures = 0, timer;
function schedule() {
  clearTimeout(timer);
  if (data.state === 'running') timer = setTimeout(refresh, Math.max(2, data.refresh) * 1000);
}
function refresh() {
  if (document.hidden) return schedule();
  const frame = el('iframe', { hidden: true, title: 'data', sandbox: 'allow-scripts', src: location.href.split(/[?#]/)[0] + '?' + Date.now() });
  const end = () => { removeEventListener('message', receive); clearTimeout(limit); frame.remove(); };
  const receive = e => {
    if (e.source !== frame.contentWindow || !e.data || typeof e.data.gliaReport !== 'string') return;
    end();
    failures = 0;
    const next = JSON.parse(e.data.gliaReport);
    if (next.time !== data.time) { data = next; show(); }
    schedule();
  };
  const limit = setTimeout(() => { end(); if (++failures >= 2) { keep(); location.reload(); } else schedule(); }, 5000);
  addEventListener('message', receive);
  document.body.append(frame);
}

byId('smooth').value = state.smooth;
byId('log-x').checked = state.logX;
byId('unzoom').hidden = !state.zoom;
const smoothing = () => { state.smooth = Number(byId('smooth').value); byId('smooth-value').textContent = state.smooth.toFixed(2); };
byId('smooth').addEventListener('input', () => { smoothing(); keep(); header(); drawAll(); });
byId('log-x').addEventListener('change', () => { state.logX = byId('log-x').checked; keep(); drawAll(); });
byId('unzoom').addEventListener('click', () => zoom(null));
byId('tools').addEventListener('submit', e => e.preventDefault());
byId('tools').hidden = false;
smoothing();
show();
if (saved.scroll) { history.scrollRestoration = 'manual'; scrollTo(0, saved.scroll); }
let width = innerWidth;
addEventListener('resize', () => { if (innerWidth !== width) { width = innerWidth; drawAll(); } });
addEventListener('pagehide', keep);
document.addEventListener('visibilitychange', () => { if (!document.hidden) schedule(); });
setInterval(age, 1000);
schedule();
})();
