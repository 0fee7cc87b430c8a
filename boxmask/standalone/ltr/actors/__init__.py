"""Actors: from a batch to a loss and its statistics."""

from ltr.actors.base_actor import BaseActor

__all__ = ["BaseActor"]
