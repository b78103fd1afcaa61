"""Systems that start as forks of a process that has imported everything.

Most of a start's time is what Python takes to import. A fork runs the same code from its first line on, in the same
environment, as the first process of a group of its own.
"""
