"""Conditions in the grammar of Gatus: ``[STATUS] == 200``, ``[BODY].data[0].id != any(1, 2)``. Pure.

A condition is one comparison with ``==``, ``!=``, ``<=``, ``>=``, ``<`` or ``>``, with a blank on both sides of the
sign. Placeholders: ``[STATUS]``, ``[BODY]``, ``[RESPONSE_TIME]``, ``[CERTIFICATE_EXPIRATION]``, ``[IP]``,
``[CONNECTED]``, ``[DNS_RCODE]``, ``[HEADER].name``. A path such as ``[BODY].data[0].item-id`` leads into the body's
JSON. ``len()`` and ``has()`` enclose a placeholder; ``pat()``, in which ``*`` stands for any characters, and ``any()``
enclose values. Times are in milliseconds, and a duration such as ``48h`` may stand for them.

Values have types. Text equals a value that is spelled the same, so ``"1.10"`` in JSON equals ``1.10`` and not ``1.1``.
A number equals a number of the same size, however it is spelled. ``<`` and the like need a number, or text that spells
one, on both sides; anything else makes the condition fail and say so. An absent value is shown as ``INVALID``
and equals nothing, so that ``!=`` holds; null is there, but ``has()`` is false.

Gatus differs:

- A side that is no number is 0 in ``<`` and the like, and 1.9 is 1. Here the first fails, and 1.9 is 1.9.
- Text that spells a whole number equals it in any spelling (``0x0A == 10``, ``007 == 7``). Here spelling counts.
- JSON numbers become text first, so ``10000000`` is ``1e+07`` and equals nothing. Here numbers are compared.
- ``&&``, ``||``, misspelled placeholders and ``[RESPONSE_TIME] < soon`` count as text. Here each is refused.
- ``""`` is two quotes, and ``"a"`` has three characters. Here quotes enclose text, which is never a number.
- ``?`` and ``[a-z]`` in ``pat()`` stand for characters. Here only ``*`` does.
- Without a certificate ``[CERTIFICATE_EXPIRATION]`` is 0. Here it is missing.
- null in JSON is missing. Here it equals ``null``.
- A list is shown as ``[a b]``. Here, as JSON: ``["a","b"]``.
- ``[DOMAIN_EXPIRATION]``, ``[CONTEXT]``, ``age()`` and ``[BODY][*]`` are not known here.
"""

from shared.monitors.conditions.condition import Condition, failure
from shared.monitors.conditions.facts import Facts
from shared.monitors.conditions.grammar import parse, with_values

__all__ = ["Condition", "Facts", "failure", "parse", "with_values"]
