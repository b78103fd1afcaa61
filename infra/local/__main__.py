"""``python -m infra.local``: see ``runner``."""

import signal

# Until gunicorn listens for it, Ctrl-C ends us without a traceback; the imports take their time.
signal.signal(signal.SIGINT, signal.SIG_DFL)

from infra.local.runner import main  # noqa: E402

main()
