// Which columns are shown.
(() => {
  'use strict';
  const { table, part, heads } = board;
  const boxes = [...part.querySelectorAll('.columns input')];
  const essential = new Set(
    heads.filter((head) => head.dataset.essential === 'true').map((head) => head.dataset.column),
  );

  function show(wanted) {
    for (const box of boxes) {
      box.checked = wanted(box);
      table.column(Number(box.value)).visible(box.checked, false);
    }
    table.columns.adjust();
  }

  // The escape key closes the list, as readers expect of one that lies over the page.
  const list = part.querySelector('.columns');
  list.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    list.open = false;
    list.querySelector('summary').focus();
  });

  boxes.forEach((box) => box.addEventListener('change', () => table.column(Number(box.value)).visible(box.checked)));
  part.querySelector('.all').addEventListener('click', () => show(() => true));
  part.querySelector('.essential').addEventListener('click', () => show((box) => essential.has(box.value)));
  board.onReset(() => show((box) => essential.has(box.value)));
})();
