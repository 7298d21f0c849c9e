"""The names of test images, without what depends on where and how a dataset is stored.

A name is read as this package's preparation makes it:

- COFW: ``0001.png`` to ``0507.png``, the number of the face in ``COFW_test_color.mat``, alone or in the folder that the
  file was unpacked into.
- 300W: ``lfpw/testset/NAME``, ``helen/testset/NAME`` or ``ibug/NAME``, below any folder. Suffix and blanks do not
  count: LFPW goes round as PNG and as JPEG, and an image of IBUG with a blank in its name and without.
- WFLW: ``EVENT/NAME.jpg`` below any folder, as in WIDER FACE, where NAME starts with the number of the event.
- Synthetic faces: ``test/00000.png`` and so on.
"""

from __future__ import annotations

import re

_DRAWN = re.compile(r'(?P<part>test)/(?P<name>\d{5})\.png')
_FORMS = {
    'cofw': re.compile(r'(?:cofw_test_color-[0-9a-f]{12}/)?(?P<name>\d{4})\.png'),
    '300w': re.compile(r'(?:.*/)?(?P<part>(?i:lfpw/testset|helen/testset|ibug))/(?P<name>[^/]+)\.(?i:jpe?g|png)'),
    'wflw': re.compile(r'(?:.*/)?(?P<part>(?P<event>\d+)--\w+)/(?P<name>(?P=event)_[^/]+)\.jpg'),
}


def canonical_name(benchmark: str, image: str) -> str | None:
    """The name of a test image in the one form that tells it from others; None where it is no name of one.

    Args:
        benchmark: name of the benchmark.
        image: name of the image, relative to any folder.

    >>> canonical_name('300w', '300W/IBUG/image_092 _01.jpg')
    'ibug/image_092_01'
    """
    found = _FORMS.get(benchmark, _DRAWN).fullmatch(image)
    if found is None:
        return None
    parts = found.groupdict()
    name = ''.join(parts['name'].split())
    return f'{parts["part"].lower()}/{name}' if 'part' in parts else name
