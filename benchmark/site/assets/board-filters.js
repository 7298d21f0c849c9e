// One list for every column of few distinct texts; a row stays if it has the text that is chosen.
(() => {
  'use strict';
  const { table, part } = board;

  for (const list of part.querySelectorAll('.filters select')) {
    const column = table.column(Number(list.dataset.column));
    column.search.fixed('choice', (_text, _row, row, index) => {
      const { choice, sort } = table.cell(row, index).node().dataset;
      return list.value === '' || (choice ?? sort) === list.value;
    });
    list.addEventListener('change', () => table.draw());
    board.onReset(() => (list.value = ''));
  }
})();
