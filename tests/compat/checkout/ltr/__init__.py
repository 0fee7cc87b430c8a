from .admin import loading  # noqa: F401 -- as in pytracking, the first thing that is imported
