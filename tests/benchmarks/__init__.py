"""The cost of Bonghwa, measured mostly against a hello world or less data, and the bars that it has to hold."""
