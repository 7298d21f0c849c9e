// The current view, with its rows, columns and order, as CSV with the names and plain numbers of the ready-made file.
(() => {
  'use strict';
  const { table, part, heads, shown } = board;
  const BESIDE = ['deviation', 'low', 'high'];
  const NONE = '–';
  const FORMULA = /^[=+@\t\r-]/; // A spreadsheet would compute such a text.

  function value(cell, numeric, name) {
    if (name) return cell.dataset[name] ?? '';
    if (numeric) return cell.dataset.sort;
    const text = cell.textContent.trim().replace(/\s+/g, ' ');
    return text === NONE ? '' : text.replace(FORMULA, "'$&");
  }

  function fill(data) {
    const filled = heads
      .filter((head) => table.column(Number(head.dataset.column)).visible())
      .flatMap((head) => {
        const numeric = head.dataset.numeric === 'true';
        const found = shown(Number(head.dataset.column));
        const beside = BESIDE.filter((name) => found.some((cell) => name in cell.dataset));
        return [undefined, ...beside].map((name) => ({
          title: name ? `${head.dataset.key}.${name}` : head.dataset.key,
          values: found.map((cell) => value(cell, numeric, name)),
        }));
      });
    data.headerStructure = [filled];
    data.body = shown(0).map((_, i) => filled.map((column) => column.values[i]));
  }

  const shared = {
    exportOptions: { columns: 0, customizeData: fill },
    title: null,
    messageTop: null,
    fieldSeparator: ',',
    fieldBoundary: '"',
    escapeChar: '"',
    newline: '\n',
  };
  const buttons = new DataTable.Buttons(table, {
    buttons: [
      { extend: 'csvHtml5', ...shared, text: 'This view as CSV', filename: `${part.dataset.benchmark}-view` },
      { extend: 'copyHtml5', ...shared, text: 'Copy this view' },
    ],
  });
  part.querySelector('.view').append(buttons.container().get(0));
})();
