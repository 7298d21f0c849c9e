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
