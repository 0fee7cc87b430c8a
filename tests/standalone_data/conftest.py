"""The fixtures of `tests/contract`: paths of the environment, and makers of small datasets."""

import importlib.util
from pathlib import Path

_specification = importlib.util.spec_from_file_location(
    "contract_fixtures", Path(__file__).parents[1] / "contract" / "conftest.py")
_contract = importlib.util.module_from_spec(_specification)
_specification.loader.exec_module(_contract)

configure = _contract.configure
trees = _contract.trees
