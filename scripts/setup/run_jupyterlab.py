"""JupyterLab as `python -m jupyterlab` starts it, which ends once it has shut down.

What reads files for a page does so in threads of anyio, which end with the request that they work for. A server that is asked to
end while one is under way (a notebook was just opened) stops its loop before, and Python then waits for these threads for ever.
"""

import os
import sys

from jupyterlab.labapp import main

code = 0
try:
    main()  # returns when kernels and extensions are shut down
except SystemExit as ended:
    code = ended.code
    if not isinstance(code, int):
        if code is not None:
            print(code, file=sys.stderr)
        code = 0 if code is None else 1
sys.stdout.flush()
sys.stderr.flush()
os._exit(code)
