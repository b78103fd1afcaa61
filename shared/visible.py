"""Characters that nobody sees although Unicode calls them letters, marks or symbols, and so printable.

A message leaves them out, and a log escapes them. Both are written as for the brackets of a regular expression.
"""

# Fillers, selectors, blanks.
UNSEEN = (
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0d\uffa0\ufffc"
    "\U00013441\U00013442\U00016fe4\U0001d159\U0001da9b-\U0001da9f\U000e0100-\U000e01ef"
)
# They say how the sign before them looks, as in ❤️. After anything else, nobody sees them.
SELECTORS_OF_SIGNS = "\ufe0e\ufe0f"
