"""Readers: one module per dataset layout, all of them ending in the same `Sequence` of frames and boxes."""
