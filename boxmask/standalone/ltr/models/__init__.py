"""Losses; networks are added to this package by the overlay."""
