from __future__ import annotations

import pytest

from benchmark.errors import BenchmarkError
from benchmark.protocol.benchmarks import BENCHMARKS, get_benchmark
from benchmark.protocol.metrics import NORMALIZERS


def test_sizes_are_those_of_the_published_benchmarks():
    assert {name: (b.train_size, b.subset_sizes) for name, b in BENCHMARKS.items() if not b.synthetic} == {
        'cofw': (1345, {'full': 507}),
        '300w': (3148, {'full': 689, 'common': 554, 'challenge': 135}),
        'wflw': (
            7500,
            {
                'full': 2500,
                'pose': 326,
                'expression': 314,
                'illumination': 698,
                'make-up': 206,
                'occlusion': 736,
                'blur': 773,
            },
        ),
    }


def test_every_published_subset_has_a_size():
    for benchmark in BENCHMARKS.values():
        assert benchmark.subsets[0] == 'full'
        assert tuple(benchmark.subset_sizes) == (() if benchmark.synthetic else benchmark.subsets)


def test_synthetic_benchmarks_measure_like_the_real_one_of_their_layout():
    synthetic = {name for name, benchmark in BENCHMARKS.items() if benchmark.synthetic}
    assert synthetic == {'synthetic-29', 'synthetic-68', 'synthetic-98'}
    for name in synthetic:
        benchmark = BENCHMARKS[name]
        real = BENCHMARKS[benchmark.layout.name]
        assert name == f'synthetic-{benchmark.layout.num_landmarks}'
        assert (benchmark.subsets, benchmark.headline_normalizer) == (real.subsets, real.headline_normalizer)
        assert benchmark.partition == real.partition


def test_common_and_challenge_divide_300w_and_nothing_else_is_divided():
    divided = {name: benchmark.partition for name, benchmark in BENCHMARKS.items() if benchmark.partition}
    assert divided == dict.fromkeys(('300w', 'synthetic-68'), ('common', 'challenge'))
    sizes = BENCHMARKS['300w'].subset_sizes
    assert sizes['common'] + sizes['challenge'] == sizes['full']


def test_faces_share_images_in_wflw_alone():
    assert [name for name, benchmark in BENCHMARKS.items() if benchmark.shared_images] == ['wflw']


def test_headline_normalizer_is_pupils_for_cofw_and_eye_corners_elsewhere():
    headline = {name: benchmark.headline_normalizer for name, benchmark in BENCHMARKS.items()}
    assert (headline['cofw'], headline['300w'], headline['wflw']) == ('inter-pupil', 'inter-ocular', 'inter-ocular')
    assert set(headline.values()) <= set(NORMALIZERS)


def test_thresholds_are_eight_and_ten_percent():
    assert {benchmark.thresholds for benchmark in BENCHMARKS.values()} == {(0.08, 0.10)}


def test_how_to_get_is_one_sentence_with_the_command():
    for benchmark in BENCHMARKS.values():
        assert f'python -m benchmark.prepare {benchmark.name}' in benchmark.how_to_get
        assert '\n' not in benchmark.how_to_get


def test_benchmarks_serve_as_dictionary_keys():
    assert {benchmark: name for name, benchmark in BENCHMARKS.items()}[get_benchmark('cofw')] == 'cofw'


def test_unknown_benchmark_is_refused_with_the_known_names():
    with pytest.raises(BenchmarkError, match=r"'aflw'.*cofw, 300w, wflw, synthetic-29"):
        get_benchmark('aflw')
