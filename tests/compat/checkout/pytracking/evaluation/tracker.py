import importlib
import os

from pytracking.evaluation.environment import env_settings


class Tracker:
    def __init__(self, name, parameter_name, run_id=None):
        self.name, self.parameter_name = name, parameter_name
        self.results_dir = os.path.join(env_settings().results_path, name, parameter_name)
        self.tracker_class = None
        if os.path.isdir(os.path.join(os.path.dirname(__file__), "..", "tracker", name)):
            self.tracker_class = importlib.import_module(f"pytracking.tracker.{name}").get_tracker_class()

    def get_parameters(self):
        return importlib.import_module(f"pytracking.parameter.{self.name}.{self.parameter_name}").parameters()

    def run_sequence(self, seq):
        return self.tracker_class(self.get_parameters()).track(seq)
