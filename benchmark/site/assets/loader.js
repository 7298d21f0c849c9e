// Loads the scripts of the page in their order. Each has to be the one that the page was made with; Chromium checks that
// for files from a server and blocks files from disk, which are therefore loaded unchecked.
(() => {
  'use strict';
  const { root, scripts } = document.currentScript.dataset;
  for (const [path, integrity] of JSON.parse(scripts)) {
    const script = document.createElement('script');
    script.src = root + path;
    script.async = false;
    if (location.protocol !== 'file:') script.integrity = integrity;
    document.body.append(script);
  }
})();
