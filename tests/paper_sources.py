"""Where the numbers of docs/paper.md come from."""

from __future__ import annotations

import re

from benchmark.analysis.axes import CHANCE_DEGREES
from benchmark.analysis.difference import SIGNIFICANT
from benchmark.datasets.synthetic.landmarks import ISOTROPIC
from benchmark.protocol import claims, differences
from benchmark.protocol.benchmarks import BENCHMARKS
from benchmark.suite.experiments import find_experiment
from tests.sourcing import FINDINGS, ROOT, NoSource, finding
from tests.study_sources import HOURGLASS, LEAN, REMEDY, SIDE, UNDECIDED, WILD, experiments

RESNET = '300W, ResNet-18 x 1/4 [+] FPN, 64 . 64'
DRAWN = 'td-softargmax_res18w16-fpn-smoothl1_16b-12e_synthetic-68-64x64'


def paper_page() -> list[tuple]:
    return [
        ('CVPR {})', *set(claims.select('wflw', method='STAR')['year'])),
        *_method(),
        *_on_photographs(),
        *_losses(),
        *_on_drawn_faces(),
        *_heatmaps(),
        *_lean(),
        *_small_networks(),
        ('test no p below {} and three none below {},', 2 / 2**5, 2 / 2**3),
        *_trials(),
    ]


def _method() -> list[tuple]:
    faces, recipes = BENCHMARKS['300w'], experiments()
    first, second, third, _ = (one.config.model for one in recipes)
    channels = third.backbone.extra.stage4.num_channels
    drawn = find_experiment(DRAWN, ROOT / 'mmpose_configs' / '_study')
    return [
        ('interval, of {} %, is over both', 100 * differences.CONFIDENCE),
        ('test set of {} images, and', faces.subset_sizes['full']),
        ('and {} of its {} training images', finding('F', rf'{RESNET}.* on (\d+) training faces'), faces.train_size),
        ('WFLW: {} training faces', finding('F', r'WFLW, .* on (\d+) training faces')),
        ('and {} test faces that', finding('F', r'WFLW, .*? on (\d+) test faces')),
        ('Drawn faces with {} landmarks,', BENCHMARKS['synthetic-68'].layout.num_landmarks),
        ('annotations err by {}, {} or {} % of', *[NoSource.AIM] * 3),
        ('besides {} % in all directions', 100 * ISOTROPIC),
        ('tested against {} faces', finding('D', r'With no added .*? (\d+) images')),
        ('with attention and {} channels', second.backbone.channels),
        ('HRNet of {} to {} channels', channels[0], channels[-1]),
        ('see {} x {} pixels', *first.head.decoder.input_size),
        ('augmentation, in {} epochs', recipes[1].epochs),
        (
            'train for {} epochs (the ResNet for {} on WFLW, and for {} on drawn',
            *(one.epochs for one in (recipes[0], recipes[3], drawn)),
        ),
        ('Seeds {} to {} ({} to {} of the other', *[NoSource.AIM] * 4),
        ('interval excludes {} and p,', NoSource.ORIGIN),
        ('is below {}. The', SIGNIFICANT),
    ]


def _on_photographs() -> list[tuple]:
    across, along, hg_across, hg_along = (
        finding('E', rf'300W, {network}.* {way} the contour by jaw ([^\]]+\])')
        for network in ('ResNet', 'Hourglass')
        for way in ('across', 'along')
    )
    return [
        ('lowers NME of the hourglass by {} (inter', finding('A', HOURGLASS)),
        ('ResNet it is {},', finding('A', UNDECIDED.format('ResNet-18'))),
        ('HRNet {}.', finding('A', UNDECIDED.format('HRNet-W8'))),
        ('lowers NME of the ResNet by {}, on', finding('C', WILD)),
        ('(p = {} of one comparison, exact sign-flip p = {})', *finding('C', r'p = (\S+), exact sign-flip p = (\S+),')),
        ('At the jaw it is {} % of', across),
        ('across and {} along with', along),
        ('more along, by {}, than across, by {}.', hg_along, hg_across),
    ]


def _losses() -> list[tuple]:
    corrected = r'corrected for (\d+) comparisons p = (\S+),'
    undecided = rf'STAR \({{}}\) and smooth-L1 can be shown[^:]*: [+]?([^(]+) \(.*?{corrected}'
    difference, comparisons, p_value = finding('B', undecided.format('detach'))
    return [
        ('through the division: {} against smooth-L1, which', difference),
        ('over all {} comparisons on 300W leaves undecided (p = {}).', comparisons, p_value),
        ('to be worse, L2 by {}, and', finding('B', r'- L2 raises NME by ([^(]+) against')),
        ('the division by {}; with', finding('B', r'STAR \(l2, detach\) raises NME by ([^(]+) against')),
        ('undecided, +{}.', finding('B', undecided.format('l2'))[0]),
    ]


def _on_drawn_faces() -> list[tuple]:
    added = r'landmarks: .*?(\d\S+) and (\S+) with {}'
    before, after = (finding('D', added.format(text)) for text in ('no added noise', '4 % noise along contours'))
    return [
        (
            'differences is +{} at {} %, {} at {} % and {} at {} %.',
            *(one for size in '124' for one in (finding('D', rf'At {size} % .*?, is [+]?(.*?) percentage'), size)),
        ),
        *(
            (text, finding('D', rf'each percent of noise {kind} .*? changes by (.*?) percentage'))
            for text, kind in (('changes by {} along', 'along contours'), ('and {} in all', 'in all directions'))
        ),
        ('intervals exclude {}, one', NoSource.ORIGIN),
        ('after Holm ({} % along contours: by {}),', *finding('D', r'With (\S+) % .* lowers NME by ([^(]+) against')),
        (
            'five have p = {}.',
            *set(re.findall(r'shown after the correction.*for 7 comparisons p = ([\d.]+)', FINDINGS)),
        ),
        ('From none added to {} % along', NoSource.AIM),
        *(
            (text, before[place], after[place])
            for place, text in enumerate(('goes from {} to {} with smooth', 'and from {} to {} with STAR.'))
        ),
    ]


def _heatmaps() -> list[tuple]:
    least, most = (
        finding('D', rf'With {size} % .*? contours the main axes .*? lie (\d+) and (\d+) .*? those of the noise (\S+),')
        for size in '14'
    )
    ratios = [float(one) for pair in re.findall(r'ratios of (\S+) and (\S+),', FINDINGS) for one in pair]
    sizes = re.findall(
        r'standard deviation of (\S+) and (\S+) % of the inter-pupil distance, the noise (\S+) ', FINDINGS
    )
    theirs, ours, noise = (sorted(map(float, one)) for one in zip(*sizes, strict=True))
    round_ones = [
        finding('D', rf'{BENCHMARKS[name].layout.num_landmarks} landmarks: .*?nearly round .*? at (\d+) and (\d+) %')
        for name in ('synthetic-29', 'synthetic-68', 'synthetic-98')
    ]
    pairs = [
        (float(one), float(other))
        for line in re.findall(r'squared cosine .*?0.5 neither\): (.*?) \(', FINDINGS)
        for one, other in re.findall(r'([\d.]+) and ([\d.]+)', line)
    ]
    return [
        ('({} degrees would be chance)', CHANCE_DEGREES),
        (
            'from {} degrees off at {} % to {} at {} % (smooth-L1: from {} to {})',
            *(least[1], '1', most[1], '4', least[0], most[0]),
        ),
        (
            'in ratios of {} to {} where those of the noise are {} to {},',
            *(min(ratios), max(ratios), least[2], most[2]),
        ),
        ('of {} to {} % of the inter-pupil', ours[0], ours[-1]),
        (
            'of {} to {} % with smooth-L1, where that of the noise is {} to {} %.',
            theirs[0],
            theirs[-1],
            noise[0],
            noise[-1],
        ),
        ('on {}, {} and {} landmarks, more', 29, 68, 98),
        ('with STAR ({}, {} and {} %)', *(one[1] for one in round_ones)),
        ('than with smooth-L1 ({}, {} and {} %)', *(one[0] for one in round_ones)),
        ('on {} landmarks STAR', 29),
        (
            'error: {} % of the inter-ocular distance along and {} across the contour with smooth-L1, {} and {} with',
            *finding('E', rf'{RESNET}: standard .*? heatmaps (\S+) and (\S+), .*? heatmaps (\S+) and (\S+),'),
        ),
        ('of {} cases,', len(pairs)),
        ('with STAR in {}.', sum(other < one for one, other in pairs)),
        (
            'is {} with smooth-L1 and {} with STAR with',
            *finding('E', rf'{RESNET}: rank .* smooth-L1 (\S+) and STAR (\S+) '),
        ),
    ]


def _lean() -> list[tuple]:
    without = r'No difference between STAR {}[^:]* and smooth-L1 [^:]* can be shown[^:]*: ([^(]+) \('
    return [
        ('they predict about {} % of', abs(float(finding('F', SIDE)))),
        (
            'lower by {} with smooth-L1 and by {} with STAR,',
            *(one.replace('+', '') for one in finding('F', f'{RESNET}: {LEAN}')),
        ),
        ('is lower by {} over {} seeds', *finding('F', REMEDY)),
        ('smooth-L1 by {} (no', finding('F', without.format('without mirroring'))),
        ('and {} (shifted', finding('F', without.format('with shifted labels'))),
    ]


def _small_networks() -> list[tuple]:
    row = r'{} . ({}), mirror offset, (\d+) epochs, ([\d,]+) parameters: common NME ([^(]+) \('
    (size, epochs, parameters, found), (larger_size, fewer, _, larger) = (
        finding('G', row.format(side, side)) for side in (128, 192)
    )
    return [
        ('with STAR {} parameters reach, on', parameters),
        ('an NME of {} at {} x {} in {} epochs,', found, size, size, epochs),
        ('and of {} at {} x {} in {} with', larger, larger_size, larger_size, fewer),
    ]


def _trials() -> list[tuple]:
    rate = r'(\d\S+) at [^,;]+'
    hourglass = finding('Tuning', rf'Hourglass.*? smooth-L1 {rate}, {rate}, {rate}; STAR {rate}, {rate}, {rate};')
    gains = [float(one) - float(other) for one, other in zip(hourglass[:3], hourglass[3:], strict=True)]
    return [
        ('The hourglass gained {}, {} and {} from STAR', *gains),
        (
            'gives {} instead of {} on held-out',
            *finding('Tuning', r'HRNet.* smooth-L1 .*?, (\S+) at .*?, (\S+) at ')[::-1],
        ),
    ]
