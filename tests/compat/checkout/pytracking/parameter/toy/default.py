from pytracking.utils.params import TrackerParams


def parameters():
    params = TrackerParams()
    params.use_gpu = True
    return params
