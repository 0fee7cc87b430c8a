"""Train settings: `ltr/train_settings/<module>/<name>.py` with a function `run(settings)`."""
