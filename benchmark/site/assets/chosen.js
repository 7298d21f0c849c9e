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
