"""Cubic splines through the landmarks of facial contours, for whole batches."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmark.protocol.layouts import Curve

SAMPLES = 5  # between two landmarks


def sample_curves(keypoints: Tensor, curves: Sequence[Curve]) -> tuple[Tensor, Tensor]:
    """Points on the splines, as lines between neighbouring landmarks.

    Args:
        keypoints: (B, K, 2), any unit.
        curves: which landmarks are joined.

    Returns:
        (B, N, SAMPLES + 1, 2) float64, N gaps between neighbouring landmarks, from one landmark to the next, both
        included; and (N,) int64, the curve that each gap belongs to.
    """
    groups, owners = _group(tuple(curves), keypoints.device)
    keypoints = keypoints.double()
    parts = [trace(keypoints[:, indices], closed).flatten(1, 2) for indices, closed in groups]
    return torch.cat(parts, dim=1), owners


@lru_cache
def _group(curves: tuple[Curve, ...], device: torch.device) -> tuple[list[tuple[Tensor, bool]], Tensor]:
    """Curves of one form together, kept on the device: sending them in every step would be waited for."""
    forms: dict[tuple[int, bool], list[int]] = {}
    for index, curve in enumerate(curves):
        forms.setdefault((len(curve.indices), curve.closed), []).append(index)
    groups, owners = [], []
    for (landmarks, closed), members in forms.items():
        groups.append((torch.tensor([curves[index].indices for index in members], device=device), closed))
        owners.extend(index for index in members for _ in range(landmarks if closed else landmarks - 1))
    return groups, torch.tensor(owners, device=device)


def trace(landmarks: Tensor, closed: bool) -> Tensor:
    """Sample the interpolating cubic spline whose parameter is the length of the chords between the landmarks.

    The spline of SciPy's ``splprep(s=0)``: periodic where closed, otherwise with not-a-knot ends. Where two
    neighbouring landmarks coincide that has no solution, and with fewer than four knots it is not defined; the
    landmarks are then joined by straight lines.

    Args:
        landmarks: (..., n, 2), in drawing order, floating point.
        closed: whether the last landmark is joined to the first.

    Returns:
        (..., gaps, SAMPLES + 1, 2), with n gaps where closed, else n - 1.
    """
    knots = torch.cat((landmarks, landmarks[..., :1, :]), dim=-2) if closed else landmarks
    step = knots.diff(dim=-2)
    chord = step.norm(dim=-1)
    straight = (chord == 0).any(-1, keepdim=True)
    chord = torch.where(straight, 1.0, chord)
    bend = torch.zeros_like(knots)
    if knots.shape[-2] >= 4:
        solve = _periodic_bend if closed else _open_bend
        bend = torch.where(straight[..., None], 0.0, solve(chord, step / chord[..., None]))
    after = torch.linspace(0, 1, SAMPLES + 1, dtype=knots.dtype, device=knots.device)[:, None]
    before = 1 - after
    line = before * knots[..., :-1, None, :] + after * knots[..., 1:, None, :]
    bow = (before**3 - before) * bend[..., :-1, None, :] + (after**3 - after) * bend[..., 1:, None, :]
    return line + chord[..., None, None] ** 2 / 6 * bow


def _periodic_bend(chord: Tensor, slope: Tensor) -> Tensor:
    """Second derivatives at the knots from lengths (..., n) and slopes (..., n, 2) of the chords: (..., n + 1, 2)."""
    last = chord.roll(1, -1)
    system = torch.diag_embed(2 * (last + chord))
    system += torch.diag_embed(chord).roll(1, -1) + torch.diag_embed(last).roll(-1, -1)
    bend = torch.linalg.solve_ex(system, 6 * (slope - slope.roll(1, -2)))[0]
    return torch.cat((bend, bend[..., :1, :]), dim=-2)


def _open_bend(chord: Tensor, slope: Tensor) -> Tensor:
    """The same for an open curve of n knots: (..., n - 1) and (..., n - 1, 2) to (..., n, 2)."""
    last, chord = chord[..., :-1], chord[..., 1:]
    system = torch.diag_embed(F.pad(2 * (last + chord), (1, 1)))
    system.diagonal(-1, -2, -1)[..., :-1] = last
    system.diagonal(1, -2, -1)[..., 1:] = chord
    # Not a knot: the third derivative is continuous at the second knot from either end.
    system[..., 0, :3] = torch.stack((chord, -last - chord, last), dim=-1)[..., 0, :]
    system[..., -1, -3:] = torch.stack((chord, -last - chord, last), dim=-1)[..., -1, :]
    return torch.linalg.solve_ex(system, F.pad(6 * slope.diff(dim=-2), (0, 0, 1, 1)))[0]
