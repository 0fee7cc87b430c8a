import importlib
from pathlib import Path


def env_settings():
    try:
        return importlib.import_module("ltr.admin.local").EnvironmentSettings()
    except Exception as error:
        Path(__file__).with_name("local.py").write_text("overwritten\n")
        raise RuntimeError("YOU HAVE NOT SETUP YOUR local.py!!!") from error
