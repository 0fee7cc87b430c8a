import argparse
import importlib

from ltr.admin.settings import Settings


def main():
    parser = argparse.ArgumentParser(description="Run a train script.")
    parser.add_argument("train_module")
    parser.add_argument("train_name")
    parser.add_argument("--cudnn_benchmark", type=bool, default=True)
    options = parser.parse_args()
    print("cudnn_benchmark", options.cudnn_benchmark)
    importlib.import_module(f"ltr.train_settings.{options.train_module}.{options.train_name}").run(Settings())
