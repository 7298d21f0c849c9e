"""Where the numbers of the study come from, in its plan, in what is told of it, and in README."""

from __future__ import annotations

from collections.abc import Mapping

from benchmark.analysis.difference import SIGNIFICANT
from benchmark.models.losses.star_loss import STARLoss
from benchmark.protocol import claims, differences
from benchmark.protocol.benchmarks import BENCHMARKS
from benchmark.suite.experiments import Experiment, find_experiment
from tests.sourcing import ROOT, NoSource, finding

BASELINES = (
    'res18w16-fpn-smoothl1_16b-24e_300w',
    'hg1w32-attn-smoothl1_16b-16e_300w',
    'hrnet-w8-smoothl1_16b-24e_300w',
    'res18w16-fpn-smoothl1_16b-48e_wflw',
)
STUDIED = [
    (data, f'td-softargmax_{network}-{loss}_16b-{epochs}e_{data}-64x64')
    for network, data, epochs in (
        ('res18w16-fpn', '300w', 24),
        ('hg1w32-attn', '300w', 16),
        ('hrnet-w8', '300w', 24),
        ('res18w16-fpn', 'wflw', 48),
    )
    for loss in ('smoothl1', 'star')
]


def _experiments() -> list[Experiment]:
    """The three networks on 300W, and the first on WFLW."""
    folder = ROOT / 'mmpose_configs' / '_study'
    return [find_experiment(f'td-softargmax_{name}-64x64', folder) for name in BASELINES]


def readme_study(seeds: Mapping[tuple[str, str], int]) -> list[tuple]:
    """README's paragraph on the study; ``seeds`` has how many are done by data set and name."""
    return [
        *(('at {} x {} of 300W and WFLW, means over {} seeds', 64, 64, seeds[row]) for row in STUDIED),
        ('lowers NME by {} on WFLW', finding('C', r'STAR lowers NME by ([^(]+) against smooth-L1 \(5 seeds, 206 ')),
        *(
            (text, finding('A', rf'{network}.*can be shown: ([^(]+) \(5 seeds, 689 images'))
            for text, network in (('with the ResNet, {},', 'ResNet-18'), ('HRNet, {}:', 'HRNet-W8'))
        ),
        ('on 300W by {} with a small', finding('A', r'Hourglass.* lowers NME by ([^(]+) against')),
        ('by about {} % of the inter-ocular', abs(float(finding('F', r'300W: all .* to (\S+) % of the inter-ocular')))),
        *(
            (f'{text} {{}} ', finding('F', rf'300W, .* adds to NME .*?{loss} (\S+ [^\]]+\])').replace('+', ''))
            for text, loss in (('costs smooth-L1', 'smooth-L1'), ('and STAR', 'STAR'))
        ),
        (
            'is lower by {} over {} seeds.',
            *(
                finding('F', rf'STAR with shifted labels .*? lowers NME by {part}')
                for part in (r'([^(]+) against', r'[^(]+\((\d)')
            ),
        ),
    ]


def study_page() -> list[tuple]:
    first, second, third, _ = (one.config.model for one in _experiments())
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


def paper_page() -> list[tuple]:
    faces = BENCHMARKS['300w']
    epochs = [one.epochs for one in _experiments()]
    first, second, third, _ = (one.config.model for one in _experiments())
    channels = third.backbone.extra.stage4.num_channels
    resnet = '300W, ResNet-18 x 1/4 [+] FPN, 64 . 64'
    across, along, hg_across, hg_along = (
        finding('E', rf'300W, {network}.* {way} the contour by jaw ([^\]]+\])')
        for network in ('ResNet', 'Hourglass')
        for way in ('across', 'along')
    )
    lean = rf'{resnet}: the lean adds to NME smooth-L1 \+(.*?) and STAR \+(.*?); '
    small = (
        r'STAR, ResNet-18 .*, (\d+) . (\d+), mirror offset, (\d+) epochs, ([\d,]+) parameters: common NME ([^(]+) \('
    )
    return [
        ('CVPR {})', *set(claims.select('wflw', method='STAR')['year'])),
        ('interval, of {} %, is over both', 100 * differences.CONFIDENCE),
        ('test set of {} images, and', faces.subset_sizes['full']),
        ('and {} of its {} training images', finding('F', rf'{resnet}.* on (\d+) training faces'), faces.train_size),
        ('WFLW: {} training faces', finding('F', r'WFLW, .* on (\d+) training faces')),
        ('and {} test faces that', finding('F', r'WFLW, .*? on (\d+) test faces')),
        ('with attention and {} channels', second.backbone.channels),
        ('HRNet of {} to {} channels', channels[0], channels[-1]),
        ('see {} x {} pixels', *first.head.decoder.input_size),
        ('augmentation, in {} epochs', epochs[1]),
        ('train for {} epochs ({} on WFLW)', epochs[0], epochs[3]),
        ('Seeds {} to {}, and', *[NoSource.AIM] * 2),
        ('interval excludes {} and p,', NoSource.ORIGIN),
        ('is below {}. The', SIGNIFICANT),
        *(
            (text, finding('A', rf'{network}.*can be shown: ([^(]+) \(5 seeds, {faces.subset_sizes["full"]} images'))
            for text, network in (('ResNet it is {},', 'ResNet-18'), ('HRNet {}.', 'HRNet-W8'))
        ),
        (
            'lowers NME of the ResNet by {}, on',
            finding('C', r'STAR lowers NME by ([^(]+) against smooth-L1 \(5 seeds, 206 '),
        ),
        (
            'contour is {} along the jaw with smooth-L1 and {} with STAR',
            *finding('E', rf'{resnet}: the sq.*: jaw (\S+) and (\S+),'),
        ),
        ('lowers NME of the hourglass by {} (inter', finding('A', r'Hourglass.* lowers NME by ([^(]+) against')),
        ('; {} is along, {} across, {} neither)', *[NoSource.ORIGIN] * 3),
        (
            'correlation is {} with smooth-L1 and {} with STAR.',
            *finding('E', rf'{resnet}: rank .* smooth-L1 (\S+) and STAR (\S+) '),
        ),
        ('At the jaw it is {} % of', across),
        ('across and {} along with', along),
        ('more along, by {}, than across, by {}.', hg_along, hg_across),
        ('they predict about {} % of', abs(float(finding('F', r'300W: all .* to (\S+) % of the inter-ocular')))),
        (
            'lower by {} with smooth-L1 and by {} with STAR,',
            *(one.replace('+', '') for one in finding('F', lean)),
        ),
        *(
            (
                text,
                finding(
                    'F', rf'No difference between STAR {how}[^:]* and smooth-L1 [^:]* can be shown[^:]*: ([^(]+) \('
                ),
            )
            for text, how in (('smooth-L1 by {} (no', 'without mirroring'), ('and {} (shifted', 'with shifted labels'))
        ),
        (
            'is lower by {} over {} seeds',
            *finding('F', r'STAR with shifted labels .*? by ([^(]+) against .*? \((\d) seeds'),
        ),
        ('images ({} x {}), {} epochs, stronger', *finding('G', small)[:3]),
        ('with STAR {} parameters reach an NME of {} on', *finding('G', small)[3:]),
        ('test no p below {} and three none below {},', 2 / 2**5, 2 / 2**3),
        (
            'gives {} instead of {} on held-out',
            *finding('Tuning', r'HRNet.* smooth-L1 .*?, (\S+) at .*?, (\S+) at ')[::-1],
        ),
    ]
