"""The settings of one training run."""

from __future__ import annotations

from ltr.admin.environment import env_settings


class Settings:
    """A bag of attributes that train settings fill and the trainer reads (`LTRTrainer` lists what it reads).

    env: the paths of this machine. use_gpu: train on the first GPU where there is one.
    Plain values only, please: the settings are written into every checkpoint.
    """

    def __init__(self) -> None:
        self.set_default()

    def set_default(self) -> None:
        """Sets the attributes that every run has."""
        self.env = env_settings()
        self.use_gpu = True
