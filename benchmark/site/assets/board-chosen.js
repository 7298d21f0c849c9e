// The leaderboard's boxes choose the rows whose error curves are drawn.
(() => {
  'use strict';
  const { table, shown } = board;
  const FIRST = 8;
  const boxes = table
    .column(0)
    .nodes()
    .toArray()
    .map((cell) => cell.querySelector('input'))
    .filter(Boolean);

  boxes.forEach((box) => box.addEventListener('change', () => chosen.toggle(box.value, box.checked)));
  chosen.watch(() => boxes.forEach((box) => (box.checked = chosen.has(box.value))));
  document.getElementById('draw-first').addEventListener('click', () => {
    chosen.set(
      shown(0)
        .map((cell) => cell.querySelector('input')?.value)
        .filter(Boolean)
        .slice(0, FIRST),
    );
  });
})();
