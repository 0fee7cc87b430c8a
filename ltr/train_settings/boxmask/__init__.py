"""Train settings of boxmask: `python run_training.py boxmask default`, `lite`, `samples`, `weak_vos`
or `weak_vos_lite`.

This is the first file of ours that pytracking's own run_training.py imports in a linked checkout (`boxmask link`), so
that what today's Python needs there is made ready here. In all other cases that has been done.
"""

import boxmask.host

boxmask.host.activate_linked()
