// A light or a dark page: the reader's system decides until the reader does, and the choice is kept.
(() => {
  'use strict';
  const root = document.documentElement;
  const system = matchMedia('(prefers-color-scheme: dark)');
  const button = document.getElementById('theme');

  // A page opened from disk may have no storage; then the choice holds for this page alone.
  function remember(theme) {
    try {
      localStorage.setItem('theme', theme);
    } catch {
      return;
    }
  }

  function isDark() {
    return root.dataset.theme ? root.dataset.theme === 'dark' : system.matches;
  }

  function changed() {
    button.textContent = isDark() ? 'Light page' : 'Dark page';
    document.dispatchEvent(new Event('themechange'));
  }

  system.addEventListener('change', changed);
  button.addEventListener('click', () => {
    root.dataset.theme = isDark() ? 'light' : 'dark';
    remember(root.dataset.theme);
    changed();
  });
  changed();
})();

;
// Parts that a reader may unfold: figures that stand in for an interactive one are folded on the screen, and on paper
// they are shown, as is the part that a link points into.
(() => {
  'use strict';
  const standIns = document.querySelectorAll('details.stand-in');
  let opened = [];

  function unfold(target) {
    for (let each = target; each; each = each.parentElement) if (each.localName === 'details') each.open = true;
  }

  function unfoldLinked() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    unfold(target);
    target.scrollIntoView();
  }

  standIns.forEach((each) => (each.open = false));
  addEventListener('beforeprint', () => {
    opened = [...standIns].filter((each) => !each.open);
    opened.forEach((each) => (each.open = true));
  });
  addEventListener('afterprint', () => opened.forEach((each) => (each.open = false)));
  addEventListener('hashchange', unfoldLinked);
  unfoldLinked();
})();
