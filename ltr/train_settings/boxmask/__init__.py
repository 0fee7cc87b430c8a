"""Train settings of the box-to-mask network: `python run_training.py boxmask default`, `lite` or `samples`."""
