"""Original data as people have them: packed into archives, and with a face that is there twice."""

from __future__ import annotations

import os
import shutil
import tarfile
import zipfile


def pack_zip(archive, folder, names):
    with zipfile.ZipFile(archive, 'w', zipfile.ZIP_DEFLATED) as file:
        for path in sorted(path for name in names for path in (folder / name, *(folder / name).rglob('*'))):
            file.write(path, path.relative_to(folder))


def pack_tar(archive, folder, names):
    with tarfile.open(archive, 'w:gz' if str(archive).endswith('gz') else 'w') as file:
        for name in names:
            file.add(folder / name, name)


def tops(folder):
    return sorted(os.listdir(folder))


def as_authors_do(benchmark, folder, target):
    """The archives that the authors of a dataset give, in a folder."""
    target.mkdir()
    if benchmark == 'cofw':
        pack_zip(target / 'COFW_color.zip', folder, tops(folder))
    elif benchmark == 'wflw':
        for name in ('WFLW_images', 'WFLW_annotations'):
            pack_tar(target / f'{name}.tar.gz', folder, [name])
    else:
        for name in ('afw', 'ibug'):  # with their folder, as in afw/1.jpg
            pack_zip(target / f'{name}.zip', folder, [name])
        for name in ('helen', 'lfpw'):  # without it, as in trainset/1.jpg
            pack_zip(target / f'{name}.zip', folder / name, tops(folder / name))
    return [target]


def packed_as(suffix, prefix=''):
    def pack(benchmark, folder, target):
        target.mkdir()
        if prefix:
            shutil.copytree(folder, target / prefix)
            folder, names = target, [prefix]
        else:
            names = tops(folder)
        archive = target / f'my copy{suffix}'
        (pack_zip if suffix == '.zip' else pack_tar)(archive, folder, names)
        return [archive]

    return pack


def _repeat_pair(folder):
    for suffix in ('jpg', 'pts'):
        shutil.copy(folder / 'afw' / f'face 0.{suffix}', folder / 'helen' / 'trainset' / f'face 1.{suffix}')


def _repeat_line(folder):
    path = folder / 'WFLW_annotations' / 'list_98pt_rect_attr_train_test' / 'list_98pt_rect_attr_train.txt'
    lines = path.read_text().splitlines()
    path.write_text('\n'.join([*lines[:-1], lines[0]]))


def _repeat_column(folder):
    import h5py

    with h5py.File(folder / 'COFW_test_color.mat', 'r+') as file:
        file['phisT'][:, 0] = file['phisT'][:, 2]
        file['bboxesT'][:, 0] = file['bboxesT'][:, 2]
        pixels = file[file['IsT'][0, 2]][()]
        file['#refs#/copy'] = pixels
        file['IsT'][0, 0] = file['#refs#/copy'].ref


REPEAT = {'300w': _repeat_pair, 'wflw': _repeat_line, 'cofw': _repeat_column}
