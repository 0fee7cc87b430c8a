"""Settings, paths, statistics, and the loading of networks."""
