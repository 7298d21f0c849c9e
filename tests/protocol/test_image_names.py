from __future__ import annotations

import pytest

from benchmark.protocol.image_names import canonical_name


@pytest.mark.parametrize(
    ('benchmark', 'image', 'name'),
    [
        ('cofw', '0507.png', '0507'),
        ('cofw', 'cofw_test_color-0123456789ab/0507.png', '0507'),
        ('cofw', 'cofw_train_color-0123456789ab/0507.png', None),
        ('cofw', 'test/0507.png', None),
        ('cofw', '507.png', None),
        ('cofw', '0507.png.jpg', None),
        ('300w', 'lfpw/testset/image_0001.png', 'lfpw/testset/image_0001'),
        ('300w', '300W/LFPW/testset/image_0001.jpg', 'lfpw/testset/image_0001'),
        ('300w', 'lfpw/testset/image_0001.JPEG', 'lfpw/testset/image_0001'),
        ('300w', '/a/b/helen/testset/1_1.jpg', 'helen/testset/1_1'),
        ('300w', 'ibug-0a1b/ibug/image_092 _01.jpg', 'ibug/image_092_01'),
        ('300w', 'lfpw/trainset/image_0001.png', None),
        ('300w', 'image_0001.png', None),
        ('300w', 'lfpw/testset/image_0001', None),
        ('wflw', 'WFLW_images/12--Group/12_Group_12_1.jpg', '12--group/12_Group_12_1'),
        ('wflw', '12--Group/12_Group_12_1.jpg', '12--group/12_Group_12_1'),
        ('wflw', '12--Group/13_Group_12_1.jpg', None),
        ('synthetic-68', 'test/00012.png', 'test/00012'),
        ('synthetic-68', 'train/00012.png', None),
        ('synthetic-68', 'images/test/00012.png', None),
    ],
)
def test_a_name_counts_without_what_depends_on_the_copy(benchmark, image, name):
    assert canonical_name(benchmark, image) == name
