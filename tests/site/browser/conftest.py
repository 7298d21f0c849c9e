"""Pages of a filled reports folder, opened from disk in a real browser, where one is installed."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmark.protocol.benchmarks import get_benchmark
from benchmark.records.predictions import read_predictions, save_predictions, summarize
from benchmark.records.record import Record, read_record, write_record
from benchmark.site.build import build_reports
from tests.results import Factory

# Markup in every place where a record has words; the ampersand makes DataTables decode entities when it searches.
HOSTILE = '<img src=x onerror="window.hit=1">&amp;\'"<!--<script>'


@pytest.fixture(scope='session')
def hostile() -> str:
    """A name that is markup, given to one row of synthetic-98 as its loss, network, method and device."""
    return HOSTILE


@pytest.fixture(scope='session')
def built(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of pages, with a row of hostile names besides those of ``filled``."""
    reports = tmp_path_factory.mktemp('browser') / 'reports'
    shutil.copytree(filled / 'records', reports / 'records')
    _add_hostile_row(reports / 'records')
    build_reports(reports)
    return reports


def _add_hostile_row(records: Path) -> None:
    paths = [path for path in records.glob('*.json') if json.loads(path.read_text())['benchmark'] == 'synthetic-98']
    template = read_record(next(path for path in sorted(paths) if json.loads(path.read_text())['loss'] == 'STAR'))
    record: Record = template.model_copy(
        update={
            'name': 'hostile-row',
            'fingerprint': template.fingerprint[::-1],
            'loss': HOSTILE,
            'backbone': HOSTILE,
            'method': HOSTILE,
            'environment': template.environment.model_copy(update={'device_name': HOSTILE}),
        }
    )
    name = f'{Path(record.file_name).stem}.npz'
    sizes = template.dataset.subset_images
    predictions = Factory(records.parent).predictions('synthetic-98', 'hostile', 0, sizes, 0.05)
    save_predictions(predictions, records / name)
    metrics = summarize(read_predictions(records / name), get_benchmark('synthetic-98'))
    write_record(record.model_copy(update={'predictions': name, 'metrics': metrics}), records)


@pytest.fixture(scope='session')
def browser() -> Iterator[object]:
    path = next(filter(None, map(shutil.which, ('chromium', 'chromium-browser', 'google-chrome'))), None)
    if path is None:
        pytest.skip('needs chromium to open the pages')
    playwright = pytest.importorskip('playwright.sync_api', reason='needs playwright to drive the browser')
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=path, args=['--no-sandbox'])
        yield started
        started.close()


@pytest.fixture
def open_page(browser: object, built: Path) -> Iterator[Callable]:
    """Opens a page by its name; in the end nothing may have been logged, thrown or loaded besides the pages."""
    contexts, faults = [], []

    def open_named(name: str, width: int = 1440, javascript: bool = True, **options: object) -> object:
        context = browser.new_context(
            viewport={'width': width, 'height': 900}, java_script_enabled=javascript, **options
        )
        contexts.append(context)
        page = context.new_page()
        page.on('console', lambda message: faults.append(f'{name}: {message.type}: {message.text}'))
        page.on('pageerror', lambda error: faults.append(f'{name}: {error}'))
        page.on('request', lambda request: _check(request.url, built, faults))
        page.goto((built / name).as_uri())
        return page

    yield open_named
    for context in contexts:
        context.close()
    assert faults == []


def _check(url: str, built: Path, faults: list[str]) -> None:
    path = url.partition('#')[0].removeprefix(built.as_uri())
    own = path.endswith('.html') or re.fullmatch(r'/(assets/\w+\.(js|css)|figures/[\w-]+\.svg)', path)
    if not own and not url.startswith(('blob:', 'data:')):
        faults.append(f'loaded {url[:200]}')
