from __future__ import annotations

import gzip
import io
import os
import random
import stat
import tarfile
import zipfile

import pytest

from benchmark.datasets import archives
from benchmark.datasets.archive_members import ArchiveError
from benchmark.datasets.archives import archive_stem, unpack
from benchmark.errors import BenchmarkError

FILES = {'a/1.jpg': random.Random(0).randbytes(3000), 'a/2.pts': b'1 2\n' * 400, 'b c/3.png': b'', '4.txt': b'x' * 700}


def keep_all(parts):
    return '/'.join(parts)


def make_zip(files, edit=None):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, 'w', zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            if edit is not None:
                edit(info)
            file.writestr(info, content)
    return packed.getvalue()


def make_tar(files, edit=None, mode='w', kind=tarfile.PAX_FORMAT):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=mode, format=kind) as file:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            if edit is not None:
                edit(info)
            file.addfile(info, io.BytesIO(content))
    return packed.getvalue()


MAKERS = {
    'zip': make_zip,
    'tar': make_tar,
    'tar.gz': lambda files, edit=None: make_tar(files, edit, mode='w:gz'),
    'gnu.tar.gz': lambda files, edit=None: make_tar(files, edit, 'w:gz', tarfile.GNU_FORMAT),
}


@pytest.fixture
def unpacked(tmp_path):
    """Unpack an archive; returns the files by their places."""

    def unpacked(content, place=keep_all):
        (tmp_path / 'archive').write_bytes(content)
        (tmp_path / 'target').mkdir(exist_ok=True)
        unpack(tmp_path / 'archive', tmp_path / 'target', place)
        return {
            path.relative_to(tmp_path / 'target').as_posix(): path.read_bytes()
            for path in (tmp_path / 'target').rglob('*')
            if path.is_file()
        }

    return unpacked


@pytest.fixture
def refused(tmp_path, unpacked):
    """The one line that an archive is refused with; nothing was written outside the target folder."""

    def refused(content):
        outside = set(tmp_path.iterdir()) | {tmp_path / 'archive', tmp_path / 'target'}
        with pytest.raises(ArchiveError) as caught:
            unpacked(content)
        assert set(tmp_path.iterdir()) == outside
        assert str(caught.value).startswith(f'{tmp_path / "archive"}: ')
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 500 + len(str(tmp_path))
        return str(caught.value)

    return refused


@pytest.mark.parametrize('kind', MAKERS)
def test_content_comes_out_as_it_went_in(unpacked, kind):
    assert unpacked(MAKERS[kind](FILES)) == FILES


@pytest.mark.parametrize('kind', MAKERS)
def test_only_what_is_wanted_is_written_and_where(unpacked, kind):
    assert unpacked(MAKERS[kind](FILES), lambda parts: 'x/y' if parts[-1] == '2.pts' else None) == {
        'x/y': FILES['a/2.pts']
    }


@pytest.mark.parametrize('kind', MAKERS)
@pytest.mark.parametrize(
    ('name', 'message'),
    [
        ('../evil', "leads out of its folder by '..'"),
        ('a/../../evil', "leads out of its folder by '..'"),
        ('a/..', "leads out of its folder by '..'"),
        ('/etc/evil', 'has an absolute path'),
        ('C:/evil', 'has an absolute path'),
        ('a\\..\\evil', 'has a backslash in its name'),
        ('a/line\nbreak', 'has a name that is not UTF-8 or not printable'),
        ('a/\x1b[2J', 'has a name that is not UTF-8 or not printable'),
        ('a/' + 'n' * 300, 'has a name that is too long'),
        ('n/' * 600 + 'n', 'has a name that is too long'),
    ],
)
def test_unsafe_name_refuses_the_archive(refused, kind, name, message):
    assert message in refused(MAKERS[kind]({**FILES, name: b'evil'}))


def without_evil(parts):
    """Wants what the archive has, but for what nobody asked for."""
    return None if {'evil', 'Thumbs.db', 'Icon\r', 'latest'} & set(parts) else '/'.join(parts)


@pytest.mark.parametrize('kind', MAKERS)
@pytest.mark.parametrize(
    ('name', 'fault'),
    [
        ('a\\Thumbs.db', 'has a backslash in its name'),
        ('a/Icon\r', 'has a name that is not UTF-8 or not printable'),
        ('../evil', "leads out of its folder by '..'"),
        ('/evil', 'has an absolute path'),
        ('evil/' + 'n' * 300, 'has a name that is too long'),
    ],
)
def test_unsafe_member_that_nobody_wants_is_left_out_and_named(tmp_path, kind, name, fault):
    (tmp_path / 'archive').write_bytes(MAKERS[kind]({name: b'evil', **FILES}))
    (line,) = unpack(tmp_path / 'archive', tmp_path / 'target', without_evil)
    assert line.startswith(f'{tmp_path / "archive"}: left out ') and line.endswith(
        f', which {fault} and is not part of the dataset'
    )
    assert line.isprintable() and len(line) < 300 + len(str(tmp_path))
    found = {path.relative_to(tmp_path / 'target').as_posix() for path in (tmp_path / 'target').rglob('*.*')}
    assert found == set(FILES)


@pytest.mark.parametrize('pack', ['zip', 'tar'])
def test_links_that_nobody_wants_are_counted(tmp_path, pack):
    def edit(info):
        if info.filename.endswith('latest') if pack == 'zip' else info.name.endswith('latest'):
            if pack == 'zip':
                info.external_attr = (stat.S_IFLNK | 0o777) << 16
            else:
                info.type, info.linkname, info.size = tarfile.SYMTYPE, '/etc/passwd', 0

    (tmp_path / 'archive').write_bytes(MAKERS[pack]({'latest': b'', 'a/latest': b'', **FILES}, edit))
    said = unpack(tmp_path / 'archive', tmp_path / 'target', without_evil)
    assert said == [
        f'{tmp_path / "archive"}: left out latest, which is a link and is not part of the dataset, and 1 more like it'
    ]
    assert not [path for path in (tmp_path / 'target').rglob('*') if path.is_symlink()]


@pytest.mark.parametrize('kind', MAKERS)
@pytest.mark.parametrize('second', ['a/1.jpg', './a//1.jpg'])
def test_member_that_occurs_twice_is_refused(kind, second, refused):
    packed = io.BytesIO()
    if kind == 'zip':
        with zipfile.ZipFile(packed, 'w') as file:
            file.writestr('a/1.jpg', b'1')
            with pytest.warns(UserWarning) if second == 'a/1.jpg' else _nothing():
                file.writestr(second, b'2')
    else:
        with tarfile.open(fileobj=packed, mode='w') as file:
            for name in ('a/1.jpg', second):
                info = tarfile.TarInfo(name)
                file.addfile(info, io.BytesIO())
    assert 'occurs twice' in refused(packed.getvalue())


class _nothing:
    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None


@pytest.mark.parametrize('kind', MAKERS)
def test_two_members_for_one_place_are_refused(unpacked, kind):
    with pytest.raises(ArchiveError, match=r'member a/2\.pts is a second x'):
        unpacked(MAKERS[kind](FILES), lambda parts: 'x')
    with pytest.raises(ArchiveError, match='member a/b is a second a/b'):
        unpacked(MAKERS[kind]({'a': b'', 'a/b': b''}))


@pytest.mark.parametrize(
    ('kind', 'message'),
    [
        (tarfile.SYMTYPE, 'is a link'),
        (tarfile.LNKTYPE, 'is a link'),
        (tarfile.CHRTYPE, 'is a device'),
        (tarfile.BLKTYPE, 'is a device'),
        (tarfile.FIFOTYPE, 'is a pipe'),
        (b'Z', 'is not a plain file'),
    ],
)
def test_special_file_in_a_tar_is_refused(refused, kind, message):
    def edit(info):
        if info.name == '4.txt':
            info.type, info.linkname, info.size = kind, '/etc/passwd', 0

    assert message in refused(make_tar(FILES, edit))


@pytest.mark.parametrize(
    ('mode', 'message'),
    [
        (stat.S_IFLNK, 'is a link'),
        (stat.S_IFCHR, 'is a device'),
        (stat.S_IFIFO, 'is a pipe'),
        (stat.S_IFSOCK, 'is a socket'),
    ],
)
def test_special_file_in_a_zip_is_refused(refused, mode, message):
    def edit(info):
        if info.filename == '4.txt':
            info.external_attr = (mode | 0o777) << 16

    assert message in refused(make_zip(FILES, edit))


def test_encrypted_zip_is_refused(refused):
    content = bytearray(make_zip({'a': b'secret'}))
    for start, offset in ((b'PK\3\4', 6), (b'PK\1\2', 8)):
        content[content.index(start) + offset] |= 1
    assert 'is encrypted' in refused(bytes(content))


@pytest.mark.parametrize('kind', ['zip', 'tar.gz'])
def test_bomb_is_refused_before_it_fills_the_disk(tmp_path, refused, kind, monkeypatch):
    monkeypatch.setattr(archives, 'RATIO_COUNTS_FROM', 2**20)
    message = refused(MAKERS[kind]({'a': bytes(8 * 2**20)}))
    assert 'unpacks to more than 100 times' in message or 'makes the archive unpack to more than' in message
    assert sum(path.stat().st_size for path in (tmp_path / 'target').rglob('*') if path.is_file()) < 2**21


def test_many_members_that_are_too_much_together_are_refused(refused, monkeypatch):
    monkeypatch.setattr(archives, 'RATIO_COUNTS_FROM', 2**20)
    assert 'makes the archive unpack to more than' in refused(make_zip({str(n): bytes(2**20) for n in range(30)}))


def test_zip_that_lies_about_a_size_is_refused(refused):
    content = bytearray(make_zip({'a': b'x' * 500}))
    for start, offset in ((b'PK\3\4', 22), (b'PK\1\2', 24)):
        at = content.index(start) + offset
        content[at : at + 4] = (400).to_bytes(4, 'little')
    assert 'member a' in refused(bytes(content))


def test_too_many_members_are_refused(refused, monkeypatch):
    monkeypatch.setattr(archives, 'MOST_MEMBERS', 3)
    assert 'more than 3 members' in refused(make_tar(FILES))


@pytest.mark.parametrize('content', [b'', b'Rar!\x1a\x07\0' * 100, b'7z\xbc\xaf\x27\x1c' * 100, b'<html>' * 200])
def test_other_file_is_refused(refused, content):
    assert 'not a zip or tar archive' in refused(content)


@pytest.mark.parametrize('seed', range(60))
@pytest.mark.parametrize('kind', MAKERS)
def test_damaged_archive_is_refused_or_gives_what_it_holds(unpacked, kind, seed):
    rng = random.Random(seed)
    content = bytearray(MAKERS[kind](FILES))
    match seed % 4:
        case 0:
            content = content[: rng.randrange(len(content))]
        case 1:
            for _ in range(rng.choice((1, 1, 5, 50))):
                content[rng.randrange(len(content))] ^= rng.randrange(1, 256)
        case 2:
            at = rng.randrange(len(content) - 64)
            content[at : at + 64] = rng.randbytes(64)
        case 3:
            at = rng.randrange(len(content))
            del content[at : at + rng.choice((1, 16, 512))]
    try:
        files = unpacked(bytes(content))
    except BenchmarkError as error:
        assert str(error).isprintable()
        return
    if kind == 'tar':  # its content has no checksum
        assert {name: len(file) for name, file in files.items()} == {n: len(c) for n, c in FILES.items()}
    else:
        assert files == FILES or _renamed(files)


def _renamed(files):
    """A zip checks the content of its members, but not their names."""
    return sorted(files.values()) == sorted(FILES.values())


@pytest.mark.parametrize('kind', ['tar', 'tar.gz'])
def test_damaged_header_amid_a_tar_is_not_taken_for_its_end(refused, kind):
    content = bytearray(make_tar(FILES))
    content[content.index(b'b c/3.png')] ^= 1
    assert 'bad header' in refused(bytes(content) if kind == 'tar' else gzip.compress(bytes(content)))


def test_tar_without_its_end_is_refused(refused):
    content = make_tar(FILES)
    end = content.index(b'x' * 700) + 1024
    assert 'the mark at its end is absent' in refused(content[:end])


def test_absent_archive_is_refused(tmp_path):
    with pytest.raises(ArchiveError, match='No such file or directory'):
        unpack(tmp_path / 'none.zip', tmp_path, keep_all)


def test_permissions_and_owners_of_the_archive_have_no_effect(tmp_path, unpacked):
    def edit(info):
        info.mode, info.uid = 0o4777, 12345

    unpacked(make_tar(FILES, edit))
    status = os.stat(tmp_path / 'target' / 'a' / '1.jpg')
    assert status.st_mode & 0o7111 == 0
    assert status.st_uid == os.getuid()


@pytest.mark.parametrize(
    ('name', 'stem'),
    [('AFW.zip', 'afw'), ('WFLW_images.tar.gz', 'wflw_images'), ('x.y.TGZ', 'x.y'), ('a.tar', 'a'), ('a.rar', None)],
)
def test_stem(tmp_path, name, stem):
    assert archive_stem(tmp_path / name) == stem
