"""axe-core, which finds what keeps people from using a page. It is used by tests alone, and changed by nobody.

``axe.min.js`` and ``LICENSE`` (MPL 2.0) are those of the npm package axe-core 4.14.1, whose integrity is
sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==.
"""

import functools
import hashlib
from pathlib import Path

from tests.support.running.browser import Browser

_SCRIPT = Path(__file__).with_name("axe.min.js")
_SHA256 = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
# All folds are opened first, since nobody can judge what is hidden. Each finding with its rule and the element.
_RUN = """document.querySelectorAll("details").forEach(each => each.open = true);
axe.run(document, {resultTypes: ["violations"]}).then(found => found.violations.flatMap(each => each.nodes.map(
    node => [each.impact, each.id, node.html.slice(0, 120), node.any.map(x => x.message).join("; ")])))"""
SERIOUS = ("serious", "critical")


def findings(page: Browser) -> list[list[str]]:
    """axe's findings on the open page: impact, rule, element, reason."""
    page.run(_script())
    found: list[list[str]] = page.run(_RUN)
    return found


@functools.cache
def _script() -> str:
    content = _SCRIPT.read_bytes()
    assert hashlib.sha256(content).hexdigest() == _SHA256, "it is the file that npm has"
    return content.decode() + ";0"
