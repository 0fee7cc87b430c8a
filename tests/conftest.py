"""Every test runs with the host active: `ltr` and `pytracking` are the host's packages with ours over them."""

import boxmask.host

boxmask.host.activate()
