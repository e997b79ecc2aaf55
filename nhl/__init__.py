"""Nested hashing: one network whose 128-bit code holds good codes of every shorter length as prefixes.

The shape alphabet, used everywhere: N images in a data set, M images in a batch, D feature width,
B longest code, b one length, L number of lengths, C classes, Q queries, K results.
"""
