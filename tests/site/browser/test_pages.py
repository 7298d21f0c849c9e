from __future__ import annotations

import functools
import http.server
import re
import shutil
import threading
from urllib.parse import unquote, urldefrag

import pytest

ROW = 'experiments/hostile-row.html'
KINDS = ['index.html', '300w.html', 'wflw.html', 'synthetic-98.html', 'errata.html', 'definitions.html', ROW]


def _background(page):
    return page.evaluate('getComputedStyle(document.body).backgroundColor')


LIGHT, DARK = 'rgb(255, 255, 255)', 'rgb(21, 24, 27)'


@pytest.mark.parametrize('name', KINDS)
def test_page_opens_without_a_fault_and_never_scrolls_sideways(open_page, name):
    for width in (390, 1440):
        page = open_page(name, width)
        page.evaluate('document.querySelectorAll("details").forEach(each => (each.open = true))')
        wide, seen = page.evaluate('[document.documentElement.scrollWidth, document.documentElement.clientWidth]')
        assert wide <= seen
        assert page.locator('h1').count() == 1


@pytest.mark.parametrize('name', KINDS)
def test_page_is_complete_without_scripts(open_page, name):
    page = open_page(name, javascript=False)
    assert page.locator('.js-only:visible').count() == 0
    assert page.locator('main').inner_text()
    if name == '300w.html':
        assert page.locator('#board th[data-key="nme.full.inter-pupil"]').is_visible()
        assert page.locator('details.stand-in img').is_visible()


def test_links_lead_to_files_and_places(built):
    pages = sorted(built.rglob('*.html'))
    assert len(pages) > 15
    ids = {page: set(re.findall(r' id="([^"]+)"', page.read_text())) for page in pages}
    for page in pages:
        for link in re.findall(r'<a [^>]*?href="([^"]+)"', page.read_text()):
            path, place = urldefrag(link)
            target = (page.parent / unquote(path)).resolve() if path else page
            assert target.is_file(), f'{page.name}: {link}'
            assert not place or place in ids[target], f'{page.name}: {link}'


def test_system_decides_between_light_and_dark_until_the_reader_does(open_page, built):
    page = open_page('index.html', color_scheme='dark')
    assert _background(page) == DARK
    page.get_by_role('button', name='Light page').click()
    assert _background(page) == LIGHT
    page.goto((built / '300w.html').as_uri())
    assert _background(page) == LIGHT
    page.get_by_role('button', name='Dark page').click()
    page.emulate_media(color_scheme='light')
    assert _background(page) == DARK
    assert _background(open_page('300w.html', color_scheme='light')) == LIGHT


@pytest.mark.parametrize('name', KINDS)
def test_names_of_records_are_text_even_without_the_policy(open_page, hostile, name):
    page = open_page(name, bypass_csp=True)
    if name in ('synthetic-98.html', ROW):
        assert hostile in page.locator('main').inner_text()
        assert page.get_by_role('link', name=hostile).count() + page.get_by_role('heading', name=hostile).count() > 0
    if name == 'synthetic-98.html':
        search = page.get_by_label('Search')
        for text in ('onerror', '<img src=x', '&amp;', '<script>alert(1)</script>'):
            search.fill(text)
            assert page.locator('#board tbody th').count() == 1, text
        search.fill('')
        page.locator('.columns summary').click()
        page.get_by_role('button', name='All', exact=True).click()
        page.locator('.filters').first.get_by_label('Device').select_option(hostile)
        assert page.locator('#board tbody th').inner_text() == hostile
        page.locator('#board thead [data-key="device"]').click()
        with page.expect_download() as download:
            page.get_by_role('button', name='This view as CSV').click()
        assert hostile.replace('"', '""') in download.value.path().read_text()
        page.get_by_role('button', name='Copy this view').click()
    assert page.evaluate('window.hit') is None
    assert page.locator('img:not([src^="figures/"]), main script, main iframe').count() == 0


def test_scripts_that_are_not_the_pages_own_cannot_run(browser, built, tmp_path):
    page = browser.new_page()
    text = (built / '300w.html').read_text()
    shutil.copytree(built / 'assets', tmp_path / 'assets')
    attack = '<script>window.hit = 1</script><img src=x onerror="window.hit=2">'
    (tmp_path / 'page.html').write_text(text.replace('<main', f'{attack}<main'))
    page.goto((tmp_path / 'page.html').as_uri())
    assert page.evaluate('window.hit') is None
    assert page.locator('#leaderboard .shown').inner_text() == '3 rows'
    page.close()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def serve(built, tmp_path):
    """Copies the pages and serves them; gives the copy and its address."""
    shutil.copytree(built, tmp_path / 'served')
    handler = functools.partial(_Quiet, directory=str(tmp_path / 'served'))
    with http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield tmp_path / 'served', f'http://127.0.0.1:{server.server_port}'
        server.shutdown()


def test_script_of_a_server_runs_only_if_it_is_the_one_that_the_page_was_made_with(browser, serve):
    folder, address = serve
    for text, shown in (('', 1), ('window.hit = 1;', 0)):
        path = folder / 'assets' / 'board.js'
        path.write_text(text + path.read_text())
        context = browser.new_context()
        page = context.new_page()
        page.goto(f'{address}/300w.html')
        assert page.locator('#leaderboard .dt-buttons').count() == shown
        assert page.evaluate('window.hit') is None
        assert page.locator('#error-curves tbody tr').count() == 2, 'the other scripts run'
        context.close()


@pytest.mark.parametrize('name', ['300w.html', ROW])
def test_print_shows_no_controls_and_light_colours(open_page, name):
    page = open_page(name, color_scheme='dark')
    page.evaluate('dispatchEvent(new Event("beforeprint"))')
    page.emulate_media(media='print')
    assert page.locator('button:visible, input:visible, select:visible, nav:visible').count() == 0
    assert _background(page) == LIGHT
    assert page.locator('main svg.figure:visible, main .drawing img:visible').count() > 0
    if name == '300w.html':
        assert page.locator('details.stand-in img').is_visible()


def test_badges_lead_to_the_rules_that_published_figures_break(open_page):
    page = open_page('300w.html')
    page.locator('#literature summary').click()
    page.locator('.badge').first.click()
    assert page.locator('#violations').is_visible()
    assert page.url.endswith('#violations')


def test_link_into_a_folded_part_unfolds_it(open_page, built):
    page = open_page('index.html')
    page.goto(f'{(built / "300w.html").as_uri()}#violations')
    assert page.locator('#violations').is_visible()


def test_controls_have_names(open_page):
    page = open_page('300w.html')
    nameless = page.evaluate(
        """() => [...document.querySelectorAll('button, input, select, a')]
          .filter(each => !each.textContent.trim() && !each.labels?.length)
          .filter(each => !each.getAttribute('aria-label') && !each.getAttribute('aria-labelledby'))
          .map(each => each.outerHTML)"""
    )
    assert nameless == []
