class TrackerParams:
    pass
