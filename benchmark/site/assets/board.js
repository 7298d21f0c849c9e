// The leaderboard: the table of the page made sortable and searchable, with filters, a choice of columns and exports.
const board = (() => {
  'use strict';
  const element = document.getElementById('board');
  const heads = [...element.tHead.querySelectorAll('th[data-key]')].sort((a, b) => a.dataset.column - b.dataset.column);
  const part = document.getElementById('leaderboard');
  // On a phone the style sheet puts the network under the loss, so that the numbers come next.
  const folded = matchMedia('(max-width: 40rem)').matches ? ['method', 'backbone'] : [];
  const essential = new Set(
    heads
      .filter(({ dataset }) => dataset.essential === 'true' && !folded.includes(dataset.key))
      .map((head) => head.dataset.column),
  );

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
        visible: essential.has(head.dataset.column),
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

  return { table, part, heads, essential, shown, onReset: (reset) => resets.push(reset) };
})();

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

// Which columns are shown.
(() => {
  'use strict';
  const { table, part, essential } = board;
  const boxes = [...part.querySelectorAll('.columns input')];
  boxes.forEach((box) => (box.checked = essential.has(box.value)));

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

// The leaderboard's boxes choose the rows whose error curves are drawn.
(() => {
  'use strict';
  if (typeof chosen === 'undefined') return;
  const { table, shown } = board;
  const FIRST = 8;
  const boxes = table
    .column(0)
    .nodes()
    .toArray()
    .map((cell) => cell.querySelector('input'))
    .filter(Boolean);

  boxes.forEach((box) => box.addEventListener('change', () => chosen.toggle(box.value, box.checked)));
  const follow = () => boxes.forEach((box) => (box.checked = chosen.has(box.value)));
  chosen.watch(follow);
  follow();
  document.getElementById('draw-first').addEventListener('click', () => {
    chosen.set(
      shown(0)
        .map((cell) => cell.querySelector('input')?.value)
        .filter(Boolean)
        .slice(0, FIRST),
    );
  });
})();
