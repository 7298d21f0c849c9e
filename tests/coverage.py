"""How often the 95 % intervals hold the truth, by simulation; prints the tables of docs/definitions.md.

Errors are log-normal with a standard deviation of 0.45 of their logarithm, like those measured on the synthetic test
sets. Differences have a part that belongs to the seed, one that belongs to the image, and one that belongs to both.

    python -m tests.coverage
"""

from __future__ import annotations

import numpy as np

from benchmark.analysis.intervals import RESAMPLES
from benchmark.protocol.differences import paired_difference
from benchmark.protocol.statistics import bootstrap_means, percentile_interval

IMAGES = (8, 15, 30, 50, 100, 400)
SEEDS = (3, 5, 10)
SPREADS = {'none': 0.0, "half of the images'": 0.5, "as the images'": 1.0, "three times the images'": 3.0}
TEST_SET = 400
LOGARITHM = 0.45


def over_images(images: int, trials: int, rng: np.random.Generator) -> float:
    """Share of trials in which the bootstrap's interval of a mean holds the true mean, percent."""
    errors = np.exp(rng.normal(0, LOGARITHM, (images, trials)))
    low, high = percentile_interval(bootstrap_means(errors, RESAMPLES, int(rng.integers(2**31))))
    truth = np.exp(LOGARITHM**2 / 2)
    return 100 * float(np.mean((low <= truth) & (truth <= high)))


def over_both(seeds: int, spread: float, trials: int, rng: np.random.Generator) -> float:
    """Share of trials in which the interval over seeds and images holds the true difference, percent.

    Args:
        spread: standard deviation over seeds of their mean over images, over that of the images' mean.
    """
    held = 0
    for _ in range(trials):
        of_seed = rng.normal(0, spread * np.sqrt(seeds / TEST_SET), (seeds, 1))
        of_image = np.exp(rng.normal(0, LOGARITHM, TEST_SET)) - np.exp(LOGARITHM**2 / 2)
        of_both = rng.normal(0, 1.5, (seeds, TEST_SET))
        found = paired_difference(of_seed + of_image / LOGARITHM + of_both).over_both
        held += found.low <= 0 <= found.high
    return 100 * held / trials


def over_both_of_a_rate(seeds: int, trials: int, rng: np.random.Generator) -> float:
    """The same of a difference of two equal failure rates, whose failures depend on image and seed alike."""
    held = valid = 0
    for _ in range(trials):
        image = rng.normal(0, 1, TEST_SET)
        failures = [
            rng.normal(0, 0.2, (seeds, 1)) + image + rng.normal(0, 0.7, (seeds, TEST_SET)) > _threshold() for _ in 'ab'
        ]
        found = paired_difference(100.0 * (failures[0].astype(int) - failures[1]), rate=True).over_both
        if found is not None:
            valid += 1
            held += found.low <= 0 <= found.high
    return 100 * held / valid


def _threshold() -> float:
    return float(np.sqrt(0.2**2 + 1 + 0.7**2) * 1.6449)


def main(trials: int = 4000) -> None:
    """Print both tables as Markdown."""
    rng = np.random.default_rng(0)
    print(f'| images | {" | ".join(map(str, IMAGES))} |')
    print(f'| coverage, % | {" | ".join(f"{over_images(n, trials, rng):.0f}" for n in IMAGES)} |\n')
    print(f'| spread over seeds | {" | ".join(f"{n} seeds" for n in SEEDS)} |')
    for name, spread in SPREADS.items():
        print(f'| {name} | {" | ".join(f"{over_both(n, spread, trials, rng):.0f}" for n in SEEDS)} |')
    print(f'| a failure rate of 5 % | {" | ".join(f"{over_both_of_a_rate(n, trials, rng):.0f}" for n in SEEDS)} |')


if __name__ == '__main__':
    main()
