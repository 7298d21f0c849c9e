"""The page in a real browser, where one is installed."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from benchmark.site import build_reports

BROWSER = shutil.which('chromium') or shutil.which('chromium-browser') or shutil.which('google-chrome')
pytestmark = pytest.mark.skipif(BROWSER is None, reason='needs chromium to open the page')

_WRAPPER = """<!doctype html><meta charset="utf-8"><body style="margin:0">
<iframe src="index.html" style="width:{width}px;height:900px;border:0"></iframe><output></output>
<script>
addEventListener('load', () => {{
  const page = document.querySelector('iframe').contentDocument;
  page.querySelectorAll('details').forEach(each => each.open = true);
  const root = page.documentElement;
  const loaded = page.defaultView.performance.getEntriesByType('resource').map(entry => entry.name);
  const wide = [...page.querySelectorAll('.scroll')].filter(each => each.scrollWidth > each.clientWidth).length;
  document.querySelector('output').textContent =
    `width ${{root.scrollWidth}} of ${{root.clientWidth}}; scrolling ${{wide}}; loaded [${{loaded.join(' ')}}]`;
}});
</script>"""


@pytest.fixture(scope='module')
def page(filled, tmp_path_factory):
    folder = tmp_path_factory.mktemp('page')
    shutil.copytree(filled / 'records', folder / 'records')
    build_reports(folder)
    return folder


def _dump(path, tmp_path):
    """The document after its scripts have run, and what the browser logged."""
    command = [
        *(BROWSER, '--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'),
        *('--allow-file-access-from-files', '--enable-logging=stderr', '--virtual-time-budget=5000'),
        *(f'--user-data-dir={tmp_path / "profile"}', '--window-size=1500,1000', '--dump-dom', path.as_uri()),
    ]
    found = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert found.returncode == 0, found.stderr
    return found.stdout, found.stderr


@pytest.mark.parametrize('width', [390, 1440])
def test_page_never_scrolls_sideways_and_loads_nothing(page, tmp_path, width):
    wrapper = page / f'wrapper-{width}.html'
    wrapper.write_text(_WRAPPER.format(width=width))
    document, log = _dump(wrapper, tmp_path)
    measured = re.search(r'width (\d+) of (\d+); scrolling (\d+); loaded \[(.*)\]', document.split('</iframe>')[1])
    assert measured, document[-2000:]
    scroll, client, tables, loaded = measured.groups()
    assert int(scroll) <= int(client) <= width
    assert loaded == ''
    assert int(tables) > 0 or width > 390
    assert 'CONSOLE' not in log


def test_page_opens_from_disk_without_errors(page, tmp_path):
    document, log = _dump(page / 'index.html', tmp_path)
    assert 'CONSOLE' not in log
    assert '<h1>STAR loss in MMPose: results</h1>' in document
    assert document.count('<svg') == 3
    assert '<script' not in document
