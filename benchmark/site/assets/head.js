// Before the page is drawn: what needs scripts may be shown, and the theme is the one that the reader chose last.
(() => {
  'use strict';
  const root = document.documentElement;
  root.classList.add('js');
  // A page opened from disk may have no storage.
  try {
    const theme = localStorage.getItem('theme');
    if (['light', 'dark'].includes(theme)) root.dataset.theme = theme;
  } catch {
    delete root.dataset.theme;
  }
})();
