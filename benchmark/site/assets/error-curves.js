// Which rows the error curves show: one set, changed by the leaderboard and by the chart, known by the rows' pages.
const chosen = (() => {
  'use strict';
  const links = new Set();
  const watchers = [];

  function set(wanted) {
    links.clear();
    wanted.forEach((link) => links.add(link));
    watchers.forEach((watch) => watch());
  }

  function toggle(link, on) {
    set(on ? [...links, link] : [...links].filter((each) => each !== link));
  }

  return { has: (link) => links.has(link), set, toggle, watch: (watch) => watchers.push(watch) };
})();

// The part of a page that compares cumulative error curves: which rows, subset, normalizer and threshold.
(() => {
  'use strict';
  const SOLID = [[], [12, 3]];
  const BROKEN = [
    [6, 3],
    [2, 2],
    [8, 2, 2, 2],
  ];
  const COLOURS = 6;
  const RECIPES_AT_FIRST = 3;

  const section = document.getElementById('error-curves');
  const payload = JSON.parse(document.getElementById('image-errors').textContent);
  const place = section.querySelector('.plot');
  const body = section.querySelector('tbody');
  const control = (name) => section.querySelector(`[name=${name}]`);
  let lines = [];
  let chart = null;

  // One colour for each recipe; solid for STAR and broken for the other losses.
  function chosenLines() {
    const groups = new Map();
    const found = [];
    for (const series of payload.series.filter((each) => chosen.has(each.link))) {
      if (!groups.has(series.group))
        groups.set(series.group, { number: (groups.size % COLOURS) + 1, solid: 0, broken: 0 });
      const group = groups.get(series.group);
      const dash = series.emphasised ? SOLID[group.solid++ % SOLID.length] : BROKEN[group.broken++ % BROKEN.length];
      const errors = imageErrors.sorted(payload, series, control('subset').value, control('normalizer').value);
      const width = series.emphasised ? 2.25 : 1.5;
      if (errors.length) found.push({ series, errors, dash, width, stroke: `--series-${group.number}` });
    }
    return found;
  }

  function sample(line) {
    const make = (name, attributes) => {
      const made = document.createElementNS('http://www.w3.org/2000/svg', name);
      Object.entries(attributes).forEach((each) => made.setAttribute(...each));
      return made;
    };
    const dashes = line.dash.join(' ') || 'none';
    const stroke = make('line', {
      x1: 0,
      x2: 34,
      y1: 5,
      y2: 5,
      'stroke-width': line.width,
      'stroke-dasharray': dashes,
    });
    stroke.style.stroke = `var(${line.stroke})`;
    const svg = make('svg', { width: 34, height: 10, 'aria-hidden': 'true' });
    svg.append(stroke);
    return svg;
  }

  function link(series) {
    const made = document.createElement('a');
    made.href = section.dataset.root + series.link;
    made.textContent = series.label;
    return made;
  }

  function remover(series) {
    const made = document.createElement('button');
    made.type = 'button';
    made.textContent = '×';
    made.setAttribute('aria-label', `Remove ${series.label}`);
    made.addEventListener('click', () => {
      chosen.toggle(series.link, false);
      (body.querySelector('button') ?? control('threshold')).focus();
    });
    return made;
  }

  function list(threshold) {
    body.replaceChildren();
    for (const line of lines) {
      const row = body.insertRow();
      const cell = (content, className = '') => {
        const made = row.insertCell();
        made.className = className;
        made.append(content);
      };
      cell(sample(line), 'sample');
      cell(link(line.series), 'text');
      cell(line.series.seeds, 'text');
      cell(imageErrors.failureRate(line.errors, threshold).toFixed(2));
      cell(imageErrors.areaUnderCurve(line.errors, threshold).toFixed(2));
      cell(remover(line.series), 'remove');
    }
    section.querySelectorAll('.at').forEach((each) => (each.textContent = `@${threshold}`));
    section.querySelector('.nothing').hidden = lines.length > 0;
  }

  function draw() {
    chart?.destroy();
    chart = curveChart.draw(place, lines, {
      threshold: Number(control('threshold').value),
      largest: Number(control('threshold').max),
      label: `NME, ${control('normalizer').value}, percent`,
    });
  }

  function moveThreshold() {
    const threshold = Number(control('threshold').value);
    section.querySelector('output').textContent = `${threshold.toFixed(1)} %`;
    control('threshold').setAttribute('aria-valuetext', `${threshold.toFixed(1)} percent`);
    list(threshold);
    draw();
  }

  function choose() {
    lines = chosenLines();
    moveThreshold();
  }

  // The baseline and STAR of the first recipes.
  function chosenAtFirst() {
    const groups = [...new Set(payload.series.map((series) => series.group))].slice(0, RECIPES_AT_FIRST);
    return groups.flatMap((group) => {
      const [first, ...others] = payload.series.filter((series) => series.group === group);
      const star = others.find((series) => series.emphasised);
      return star ? [first.link, star.link] : [first.link];
    });
  }

  for (const [name, options] of [
    ['subset', payload.subsets],
    ['normalizer', payload.normalizers],
  ]) {
    control(name).append(...options.map((option) => new Option(option, option)));
    control(name).addEventListener('change', choose);
  }
  control('threshold').addEventListener('input', moveThreshold);
  document.addEventListener('themechange', draw);
  new ResizeObserver(() => chart.width !== place.clientWidth && chart.setSize(curveChart.size(place))).observe(place);
  chosen.watch(choose);
  chosen.set(chosenAtFirst());
})();
