"""RDS: the PostgreSQL of a deployment that brings no database of its own (``WITH_DATABASE=1``), a stack of its own."""
