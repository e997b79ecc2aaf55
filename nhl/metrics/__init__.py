"""Figures of retrieval from packed codes: pure functions, exact under ties."""

from nhl.metrics.graded import GradedHistograms, graded_histograms
from nhl.metrics.histograms import Histograms, histograms, mean_average_precision
from nhl.metrics.summaries import distinct_codes, macro_mean, without_relevant

__all__ = [
    "GradedHistograms",
    "Histograms",
    "distinct_codes",
    "graded_histograms",
    "histograms",
    "macro_mean",
    "mean_average_precision",
    "without_relevant",
]
