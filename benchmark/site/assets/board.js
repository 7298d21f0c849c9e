// The leaderboard as a DataTable: the table of the page, made sortable and searchable.
const board = (() => {
  'use strict';
  const element = document.getElementById('board');
  const heads = [...element.tHead.querySelectorAll('th[data-key]')].sort((a, b) => a.dataset.column - b.dataset.column);
  const part = document.getElementById('leaderboard');

  // What lacks a value comes last in both directions; rows without a result lack it in every column.
  function order(compare) {
    const lacking = (value) => value === '';
    const both = (direction) => (a, b) => lacking(a) - lacking(b) || (lacking(a) ? 0 : direction * compare(a, b));
    return { asc: both(1), desc: both(-1) };
  }

  DataTable.type('measured', { order: order((a, b) => a - b), search: DataTable.util.stripHtml });
  DataTable.type('named', { order: order((a, b) => a.localeCompare(b)), search: DataTable.util.stripHtml });

  const table = new DataTable(element, {
    autoWidth: false,
    orderClasses: false,
    paging: false,
    info: false,
    layout: { topStart: null, topEnd: null, bottomStart: null, bottomEnd: null },
    language: { zeroRecords: 'No row fits. Choose other filters or reset the view.' },
    order: [],
    columnDefs: [
      { targets: 0, orderable: false, searchable: false, visible: element.querySelector('tbody input') !== null },
      ...heads.map((head) => ({
        targets: Number(head.dataset.column),
        type: head.dataset.numeric === 'true' ? 'measured' : 'named',
        visible: head.dataset.essential === 'true',
        orderSequence: head.dataset.better === 'higher' ? ['desc', 'asc', ''] : ['asc', 'desc', ''],
      })),
    ],
  });

  // Cells of a column in the rows that are shown, in their order.
  function shown(column) {
    return table.column(column, { order: 'applied', search: 'applied' }).nodes().toArray();
  }

  // Rows of one recipe stand together, a rule between them, until the reader sorts.
  function markRecipes() {
    const sorted = table.order().some(([, direction]) => direction);
    let before = null;
    table
      .rows({ order: 'applied', search: 'applied' })
      .nodes()
      .each((row) => {
        row.classList.toggle('starts', !sorted && before !== null && before !== row.dataset.recipe);
        before = row.dataset.recipe;
      });
    const { recordsDisplay, recordsTotal } = table.page.info();
    part.querySelector('.shown').textContent =
      recordsDisplay === recordsTotal ? `${recordsTotal} rows` : `${recordsDisplay} of ${recordsTotal} rows`;
  }

  table.on('draw', markRecipes);
  markRecipes();

  // A heading is a button, which the space bar works as well as the enter key.
  element.tHead.addEventListener('keydown', (event) => {
    if (event.key !== ' ' || event.target.getAttribute('role') !== 'button') return;
    event.preventDefault();
    event.target.click();
  });

  const search = part.querySelector('[name=search]');
  search.addEventListener('input', () => table.search(search.value).draw());

  const resets = [() => table.search((search.value = '')).order([])];
  part.querySelector('.reset').addEventListener('click', () => {
    resets.forEach((reset) => reset());
    table.draw();
  });

  return { table, part, heads, shown, onReset: (reset) => resets.push(reset) };
})();
