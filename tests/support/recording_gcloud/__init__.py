"""A stand-in for gcloud: it records its calls, remembers what exists, and refuses what Google would refuse.

``Cloud`` is the project. While it is entered, a program on the PATH asks it; ``in_process`` asks it without one.
"""

from tests.support.recording_gcloud.call import NUMBER, Call, Refused, dictionary
from tests.support.recording_gcloud.cloud import Cloud

__all__ = ["NUMBER", "Call", "Cloud", "Refused", "dictionary"]
