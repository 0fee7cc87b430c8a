"""Measuring masks against the truth, and the baselines that a network has to beat."""
