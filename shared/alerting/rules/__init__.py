"""One rule a file. Each gives a decision, or leaves it to the next one. Pure."""
