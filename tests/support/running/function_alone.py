"""One function, as a cloud runs it."""

import sys
from pathlib import Path

from tests.support.running.environ import environment
from tests.support.running.process import Running


class FunctionAlone(Running):
    """One function under functions-framework. Keywords are environment variables, as for LocalSystem."""

    def __init__(self, project: Path, folder: Path, name: str, /, **variables: str | None) -> None:
        environ = environment(folder, **{"LOG_DIR": None, **variables})
        # In the interpreter's folder, because the virtual environment may not be activated.
        program = str(Path(sys.executable).with_name("functions-framework"))
        where = ["--host=127.0.0.1", f"--port={environ['FLASK_PORT']}"]
        command = [program, "--source=main.py", f"--target={name}", *where]
        super().__init__(command, project, folder, environ, forkable=command)
        self.name = name
