// The chart of cumulative error curves, in the colours of the page.
const curveChart = (() => {
  'use strict';
  const STEP = 0.025; // percent between the points of a curve, a whole number of quanta
  const USUAL_END = 10; // percent; a larger threshold shows the whole range of the slider
  const FONT = '13px system-ui, sans-serif';

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  function size(place) {
    const width = place.clientWidth;
    return { width, height: Math.round(Math.min(420, Math.max(260, width * 0.6))) };
  }

  function mark(threshold) {
    return (chart) => {
      const x = chart.valToPos(threshold, 'x', true);
      chart.ctx.save();
      chart.ctx.strokeStyle = colour('--text');
      chart.ctx.lineWidth = devicePixelRatio;
      chart.ctx.beginPath();
      chart.ctx.moveTo(x, chart.bbox.top);
      chart.ctx.lineTo(x, chart.bbox.top + chart.bbox.height);
      chart.ctx.stroke();
      chart.ctx.restore();
    };
  }

  // Lines: {errors: ascending, percent; stroke: name of a variable of the page; dash; width}.
  function draw(place, lines, { threshold, largest, label }) {
    const end = threshold > USUAL_END ? largest : USUAL_END;
    const x = Array.from({ length: Math.round(end / STEP) + 1 }, (_, i) => i * STEP);
    const rule = { stroke: colour('--rule'), width: 1 };
    const axis = { stroke: colour('--text'), font: FONT, labelFont: FONT, labelSize: 22, grid: rule, ticks: rule };
    const options = {
      ...size(place),
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false, range: [0, end] }, y: { range: [0, 100] } },
      axes: [
        { ...axis, size: 34, label },
        { ...axis, size: 44, label: 'share of images, percent' },
      ],
      series: [
        {},
        ...lines.map((line) => ({
          stroke: colour(line.stroke),
          width: line.width,
          dash: line.dash,
          points: { show: false },
        })),
      ],
      hooks: { draw: [mark(threshold)] },
    };
    place.replaceChildren();
    return new uPlot(options, [x, ...lines.map((line) => imageErrors.cumulative(line.errors, x))], place);
  }

  return { draw, size };
})();
