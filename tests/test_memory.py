from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from benchmark.memory import with_large_pages
from benchmark.suite.starting import environment_for

PAGES = Path('/sys/kernel/mm/transparent_hugepage/enabled')
HEAP = "from pathlib import Path; print(Path('/proc/self/smaps').read_text().split('[heap]')[1].split('VmFlags:')[1])"


@pytest.mark.parametrize(
    ('before', 'after'),
    [
        ('', 'glibc.malloc.hugetlb=1'),
        ('glibc.malloc.check=1', 'glibc.malloc.check=1:glibc.malloc.hugetlb=1'),
        ('glibc.malloc.hugetlb=0', 'glibc.malloc.hugetlb=0'),
    ],
)
def test_what_the_user_says_of_large_pages_is_left_as_it_is(before, after):
    assert with_large_pages(before) == after


@pytest.mark.skipif(
    not PAGES.is_file() or '[madvise]' not in PAGES.read_text(), reason='this system gives large pages to all or none'
)
@pytest.mark.skipif(platform.libc_ver() < ('glibc', '2.35'), reason='its C library cannot ask for large pages')
def test_process_that_trains_on_a_cpu_asks_for_large_pages():
    plain = {name: value for name, value in os.environ.items() if name != 'GLIBC_TUNABLES'}

    def flags(environment):
        done = subprocess.run([sys.executable, '-c', HEAP], env=environment, capture_output=True, text=True, check=True)
        return done.stdout.splitlines()[0].split()

    assert 'hg' not in flags(plain)
    assert 'hg' in flags(environment_for('cpu', 1))
