"""Check that every link inside a folder of pages leads to a page, and to a place in it, that is there.

python tests/links.py build/docs
"""

from __future__ import annotations

import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """What a page links to, and the places in it that can be linked to.

    Attributes:
        links: as they are written, of pages, pictures, styles and scripts.
        places: ids and names.
        remote: what a browser would load from elsewhere to show the page.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.places: set[str] = set()
        self.remote: list[str] = []
        self.feed(path.read_text(encoding='utf-8'))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what one element says."""
        values = {name: value for name, value in attrs if value}
        self.places |= {values[name] for name in ('id', 'name') if name in values}
        link = values.get('href' if tag in ('a', 'link') else 'src')
        if link is None:
            return
        parts = urlsplit(link)
        if not parts.scheme and not parts.netloc:
            self.links.append(link)
        elif tag != 'a' and parts.scheme != 'data':
            self.remote.append(link)


read = cache(Page)


def faults(path: Path) -> list[str]:
    """What is wrong with the links of one page, one line each."""
    found = [f'{path}: loads {link}' for link in read(path).remote]
    for link in read(path).links:
        parts = urlsplit(link)
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        if not target.is_file():
            found.append(f'{path}: {link} leads nowhere')
        elif parts.fragment and target.suffix == '.html' and unquote(parts.fragment) not in read(target).places:
            found.append(f'{path}: {link}: no such place in the page')
    return found


def main(folder: Path) -> int:
    """Print every fault of every page of a folder; 1 where there is one."""
    pages = sorted(folder.resolve().rglob('*.html'))
    found = [fault for page in pages for fault in faults(page)]
    print('\n'.join([*found, f'{folder}: {len(pages)} pages, {len(found)} faults']))
    return 1 if found or not pages else 0


if __name__ == '__main__':
    sys.exit(main(Path(sys.argv[1])))
