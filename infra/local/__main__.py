"""``python -m infra.local``: see ``runner``."""

import signal

# Until gunicorn handles Ctrl-C, it ends us without a traceback, even during the imports, which take a while.
signal.signal(signal.SIGINT, signal.SIG_DFL)

from infra.local.terminal import prepare  # noqa: E402

prepare()

from infra.local.runner import main  # noqa: E402

main()
