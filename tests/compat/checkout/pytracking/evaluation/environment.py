import importlib
from pathlib import Path

_HERE = Path(__file__).parent


class EnvSettings:
    def __init__(self):
        self.results_path = f"{_HERE.parent}/tracking_results/"
        self.network_path = f"{_HERE.parent}/networks/"
        self.lasot_path = ""


def env_settings():
    try:
        return importlib.import_module("pytracking.evaluation.local").local_env_settings()
    except Exception as error:
        (_HERE / "local.py").write_text("overwritten\n")
        raise RuntimeError("YOU HAVE NOT SETUP YOUR local.py!!!") from error
