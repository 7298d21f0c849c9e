"""Originals with random damage: refused in one line, or marked incomplete, or what they hold comes out exactly."""

from __future__ import annotations

import random
import shutil

import h5py
import numpy as np
import pytest

from benchmark.datasets.preparation import prepare_original
from benchmark.datasets.prepared import open_prepared
from benchmark.errors import BenchmarkError

SEEDS = range(8)


def cut(content, rng):
    return content[: rng.randrange(len(content))]


def lose_the_start(content, rng):
    return content[rng.randrange(1, len(content)) :]


def noise(content, rng):
    return rng.randbytes(rng.randrange(1, 2000))


def some_noise(content, rng):
    content = bytearray(content)
    for _ in range(rng.choice((1, 4, 40))):
        content[rng.randrange(len(content))] = rng.randrange(256)
    return bytes(content)


def block_of_noise(content, rng):
    at = rng.randrange(max(1, len(content) - 64))
    return content[:at] + rng.randbytes(64) + content[at + 64 :]


def zeros(content, rng):
    at = rng.randrange(len(content))
    return content[:at] + bytes(len(content) - at)


def shuffle_lines(content, rng):
    lines = content.splitlines(keepends=True)
    rng.shuffle(lines)
    return b''.join(lines)


def drop_a_line(content, rng):
    lines = content.splitlines(keepends=True)
    del lines[rng.randrange(len(lines))]
    return b''.join(lines)


def repeat_a_line(content, rng):
    lines = content.splitlines(keepends=True)
    lines[rng.randrange(len(lines))] = rng.choice(lines)
    return b''.join(lines)


def _words(change):
    def mutate(content, rng):
        lines = [line.split(b' ') for line in content.splitlines()]
        change(rng.choice([line for line in lines if len(line) > 1]), rng)
        return b'\n'.join(b' '.join(line) for line in lines)

    mutate.__name__ = change.__name__
    return mutate


@_words
def shuffle_columns(words, rng):
    rng.shuffle(words)


@_words
def swap_columns(words, rng):
    a, b = rng.sample(range(len(words)), 2)
    words[a], words[b] = words[b], words[a]


@_words
def drop_a_column(words, rng):
    del words[rng.randrange(len(words))]


@_words
def odd_word(words, rng):
    words[rng.randrange(len(words))] = rng.choice(
        (
            b'nan',
            b'-inf',
            b'1e400',
            b'',
            b'x',
            b'0x10',
            b'1_0',
            b'\xff\xfe',
            b'/etc/passwd',
            b'../x.jpg',
            b'2',
            b'-1',
            b'1e9',
        )
    )


BYTES = (cut, lose_the_start, noise, some_noise, block_of_noise, zeros)
TEXT = (*BYTES, shuffle_lines, drop_a_line, repeat_a_line, shuffle_columns, swap_columns, drop_a_column, odd_word)


@pytest.fixture
def outcome(data_root):
    """Prepare and say what became of it: 'refused', 'incomplete' (with a reason), or 'complete'."""

    def outcome(benchmark, source):
        shutil.rmtree(data_root, ignore_errors=True)
        try:
            manifest, _ = prepare_original(benchmark, [source], data_root)
        except BenchmarkError as error:
            for line in (str(error), *getattr(error, 'problems', ())):
                assert line.isprintable()
                assert len(line) < 600
            assert not data_root.exists()
        else:
            assert manifest.complete
            return 'complete'
        try:
            manifest, _ = prepare_original(benchmark, [source], data_root, allow_incomplete=True)
        except BenchmarkError:
            assert not data_root.exists()
            return 'refused'
        assert not manifest.complete
        assert manifest.missing
        return 'incomplete'

    return outcome


def plain_wflw(folder, split):
    """The landmarks, flags and image names of a list, read by a plain loop."""
    path = folder / f'WFLW_annotations/list_98pt_rect_attr_train_test/list_98pt_rect_attr_{split}.txt'
    words = [line.split() for line in path.read_text().splitlines() if line.strip()]
    return [([float(word) for word in row[:196]], row[200:206], f'WFLW_images/{row[206]}') for row in words]


@pytest.mark.parametrize('mutate', TEXT, ids=lambda mutate: mutate.__name__)
def test_mutated_wflw_list(small, outcome, data_root, mutate):
    folder, _ = small.write('wflw')
    outcomes = set()
    for seed in SEEDS:
        rng = random.Random(seed)
        split = rng.choice(('train', 'test'))
        path = folder / f'WFLW_annotations/list_98pt_rect_attr_train_test/list_98pt_rect_attr_{split}.txt'
        content = path.read_bytes()
        path.write_bytes(mutate(content, rng))
        result = outcome('wflw', folder)
        outcomes.add(result)
        if result == 'complete':
            # A complete one has every line: what comes out is what a plain loop reads.
            prepared = open_prepared(data_root, 'wflw')
            for name in ('train', 'test'):
                read = [(face.keypoints.ravel().tolist(), face.image) for face in getattr(prepared, name)]
                assert read == [(numbers, image) for numbers, _, image in plain_wflw(folder, name)]
        path.write_bytes(content)
    if mutate in (noise, lose_the_start, drop_a_line, drop_a_column, zeros):
        assert 'complete' not in outcomes


@pytest.mark.parametrize('mutate', TEXT, ids=lambda mutate: mutate.__name__)
def test_mutated_pts_file(small, outcome, data_root, mutate):
    folder, _ = small.write('300w')
    pairs = sorted(folder.rglob('*.pts'))
    for seed in SEEDS:
        rng = random.Random(seed)
        path = rng.choice(pairs)
        content = path.read_bytes()
        path.write_bytes(mutate(content, rng))
        if outcome('300w', folder) == 'complete':
            prepared = open_prepared(data_root, '300w')
            image = next(path.parent.glob(f'{path.stem}.[jp][pn]g')).relative_to(folder).as_posix()
            (face,) = [face for face in (*prepared.train, *prepared.test) if face.image == image]
            numbers = [line.split() for line in path.read_text().splitlines() if line.strip()]
            numbers = [row for row in numbers if row[0] not in ('{', '}', 'version:', 'n_points:')]
            np.testing.assert_array_equal(face.keypoints, np.array(numbers, dtype=float) - 1)
        path.write_bytes(content)


@pytest.mark.parametrize('mutate', [cut, lose_the_start, noise, zeros], ids=lambda mutate: mutate.__name__)
@pytest.mark.parametrize('benchmark', ['300w', 'wflw'])
def test_mutated_image_is_never_accepted(small, outcome, benchmark, mutate):
    folder, _ = small.write(benchmark)
    images = sorted(folder.rglob('*.[jp][pn]g'))
    for seed in SEEDS:
        rng = random.Random(seed)
        path = rng.choice(images)
        content = path.read_bytes()
        # The end of a JPEG may be zeros where it had padding: cut deep enough that pixels are gone.
        path.write_bytes(mutate(content[: -len(content) // 4], rng))
        assert outcome(benchmark, folder) == 'incomplete'
        path.write_bytes(content)


@pytest.mark.parametrize('mutate', BYTES, ids=lambda mutate: mutate.__name__)
@pytest.mark.parametrize('name', ['COFW_train_color.mat', 'COFW_test_color.mat'])
def test_mutated_mat_file(small, outcome, equals_truth, name, mutate):
    folder, truth = small.write('cofw')
    content = (folder / name).read_bytes()
    for seed in range(8):
        (folder / name).write_bytes(mutate(content, random.Random(seed)))
        if outcome('cofw', folder) == 'complete':
            assert equals_truth('cofw', truth)


def _exchange(rng, file, suffix):
    names = [f'{name}{suffix}' for name in ('Is', 'phis', 'bboxes')]
    a, b = rng.sample(names, 2)
    file.move(a, 'other')
    file.move(b, a)
    file.move('other', b)


def _retype(rng, file, suffix):
    name = f'{rng.choice(("phis", "bboxes"))}{suffix}'
    content = file[name][()]
    del file[name]
    kind = rng.choice(('f4', 'i4', 'i8', 'u1', '>f8', 'c16', 'S8', '?'))
    file.create_dataset(name, data=content.astype(kind))
    return kind == '>f8'


def _reshape(rng, file, suffix):
    name = f'{rng.choice(("phis", "bboxes"))}{suffix}'
    content = file[name][()]
    del file[name]
    shapes = (
        content.T,
        content.ravel(),
        content[None],
        content[:-1],
        content[:, :-1],
        np.tile(content, 2),
        content[:, :0],
    )
    file[name] = rng.choice(shapes)


def _dangle(rng, file, suffix):
    references = file[f'Is{suffix}']
    at = rng.randrange(references.shape[1])
    targets = [file['#refs#'].ref, file[f'phis{suffix}'].ref, file[f'Is{suffix}'].ref, file.ref, h5py.Reference()]
    references[0, at] = rng.choice([*targets, references[0, at - 1]])


def _remove(rng, file, suffix):
    at = rng.randrange(file[f'Is{suffix}'].shape[1])
    # What is removed may lie in the file still, and its references lead to it.
    del file[rng.choice(('#refs#', f'#refs#/{at}', f'Is{suffix}', f'phis{suffix}', f'bboxes{suffix}'))]
    return True


def _spoil(rng, file, suffix):
    name = rng.choice(('phis', 'bboxes'))
    array = file[f'{name}{suffix}']
    row = (
        rng.randrange(array.shape[0] if name == 'phis' else 2, array.shape[0])
        if name == 'bboxes'
        else rng.randrange(87)
    )
    array[row, rng.randrange(array.shape[1])] = rng.choice((np.nan, np.inf, -np.inf, -1e6))


def _repaint(rng, file, suffix):
    at = rng.randrange(file[f'Is{suffix}'].shape[1])
    shape = rng.choice(((5, 4, 3), (1, 4, 4), (4, 9, 9), (2, 2, 2, 2), (7,), (), (3, 0, 4), (0, 5)))
    kind = rng.choice(('u1', 'u2', 'f8', 'i1', '?'))
    file['#refs#/new'] = np.zeros(shape, kind)
    file[f'Is{suffix}'][0, at] = file['#refs#/new'].ref


@pytest.mark.parametrize(
    'mutate', [_exchange, _retype, _reshape, _dangle, _remove, _spoil, _repaint], ids=lambda mutate: mutate.__name__
)
def test_mutated_variables_are_never_accepted(small, outcome, equals_truth, mutate):
    folder, truth = small.write('cofw')
    for seed in SEEDS:
        rng = random.Random(seed)
        split, suffix = rng.choice((('train', 'Tr'), ('test', 'T')))
        path = folder / f'COFW_{split}_color.mat'
        content = path.read_bytes()
        with h5py.File(path, 'r+') as file:
            harmless = mutate(rng, file, suffix)
        if harmless:
            assert outcome('cofw', folder) != 'complete' or equals_truth('cofw', truth)
        else:
            assert outcome('cofw', folder) in ('refused', 'incomplete')
        path.write_bytes(content)


@pytest.mark.parametrize('mutate', BYTES, ids=lambda mutate: mutate.__name__)
@pytest.mark.parametrize(('benchmark', 'suffix'), [('300w', 'zip'), ('wflw', 'tar.gz'), ('cofw', 'zip')])
def test_mutated_archive(tmp_path, small, outcome, equals_truth, benchmark, suffix, mutate):
    folder, truth = small.write(benchmark)
    archive = tmp_path / f'all.{suffix}'
    shutil.make_archive(str(tmp_path / 'all'), {'zip': 'zip', 'tar.gz': 'gztar'}[suffix], folder)
    content = archive.read_bytes()
    for seed in range(6):
        archive.write_bytes(mutate(content, random.Random(seed)))
        if outcome(benchmark, archive) == 'complete':
            assert equals_truth(benchmark, truth)
