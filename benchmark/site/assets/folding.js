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
