"""Bad input from outside: each is refused clearly, stores nothing, and costs no memory that stays.

The tables say what must be refused. Random mutations, the same in every run, show that nothing else can happen.
"""
