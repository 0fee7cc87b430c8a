from pytracking.utils import TrackerParams


def parameters():
    params = TrackerParams()
    params.speed = 2
    return params
