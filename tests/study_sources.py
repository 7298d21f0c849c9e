"""Where the numbers of the study come from, in its plan and in README."""

from __future__ import annotations

from collections.abc import Mapping

from benchmark.analysis.difference import SIGNIFICANT
from benchmark.losses.star_loss import STARLoss
from benchmark.protocol import differences
from benchmark.suite.experiments import Experiment, find_experiment
from tests.sourcing import ROOT, NoSource, finding

BASELINES = (
    'res18w16-fpn-smoothl1_16b-24e_300w',
    'hg1w32-attn-smoothl1_16b-16e_300w',
    'hrnet-w8-smoothl1_16b-24e_300w',
    'res18w16-fpn-smoothl1_16b-48e_wflw',
)
STUDIED = [
    (name[-4:], f'td-softargmax_{name.replace("smoothl1", loss)}-64x64')
    for name in BASELINES
    for loss in ('smoothl1', 'star')
]
UNDECIDED = r'{}.*can be shown: ([^(]+) \(5 seeds, 689 images'
HOURGLASS = r'Hourglass.* lowers NME by ([^(]+) against'
WILD = r'STAR lowers NME by ([^(]+) against smooth-L1 \(5 seeds, 206 '
LEAN, SIDE = r'the lean adds to NME smooth-L1 \+(.*?) and STAR \+(.*?);', r'300W: all .* to (\S+) % of the inter-ocular'
REMEDY = r'STAR with shifted labels .*? lowers NME by ([^(]+) against .*? \((\d) seeds'


def experiments() -> list[Experiment]:
    """The three networks on 300W, and the first on WFLW."""
    folder = ROOT / 'mmpose_configs' / '_study'
    return [find_experiment(f'td-softargmax_{name}-64x64', folder) for name in BASELINES]


def readme_study(seeds: Mapping[tuple[str, str], int]) -> list[tuple]:
    """README's paragraph on the study; ``seeds`` has how many are done by data set and name."""
    return [
        *(('at {} x {} of 300W and WFLW, means over {} seeds', 64, 64, seeds[row]) for row in STUDIED),
        ('lowers NME by {} on {} hard faces of WFLW', finding('C', WILD), finding('C', r'seeds, (\d+) of')),
        *(
            (text, finding('A', UNDECIDED.format(network)))
            for text, network in (('with the ResNet, {},', 'ResNet-18'), ('HRNet, {}:', 'HRNet-W8'))
        ),
        ('on 300W by {} with a small', finding('A', HOURGLASS)),
        ('by about {} % of the inter-ocular', abs(float(finding('F', SIDE)))),
        (
            'costs smooth-L1 {} and STAR {} in NME',
            *(one.replace('+', '') for one in finding('F', f'300W, ResNet.*: {LEAN}')),
        ),
        ('is lower by {} over {} seeds, while', *finding('F', REMEDY)),
    ]


def study_page() -> list[tuple]:
    first, second, third, _ = (one.config.model for one in experiments())
    channels = third.backbone.extra.stage4.num_channels
    return [
        ('annotation noise of {}, {}, {} and {} % of', *[NoSource.AIM] * 4),
        ('All in {} x {} pixels', *first.head.decoder.input_size),
        ('with attention, {} channels |', second.backbone.channels),
        ('HRNet of {} to {} channels', channels[0], channels[-1]),
        ("four times of {}, smooth-L1's scale", STARLoss().eigenvalue_weight),
        ('quarter and four times of {}. Of a network', first.head.loss.beta),
        ('NME by more than {} %.', NoSource.AIM),
        ('Seeds {} to {}; with three seeds {} to {}.', *[NoSource.AIM] * 4),
        ('with the {} % interval over both', 100 * differences.CONFIDENCE),
        ('interval excludes {} and p,', NoSource.ORIGIN),
        ('is below {}. Otherwise', SIGNIFICANT),
        ('where the {} % interval of the mean', 100 * differences.CONFIDENCE),
        ('over images excludes {} on the', NoSource.ORIGIN),
    ]
