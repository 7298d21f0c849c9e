"""STAR loss in MMPose: a reproducible benchmark and leaderboard for facial landmark detection."""

__version__ = '0.1.0'
