"""Figures of retrieval from packed codes: pure functions, exact under ties."""

from nhl.metrics.histograms import Histograms, histograms, mean_average_precision

__all__ = ["Histograms", "histograms", "mean_average_precision"]
