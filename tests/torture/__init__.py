"""The system killed again and again, and judged from its channels' side.

``victim`` runs it and ends it at a given side effect, ``wire`` ends it at a COMMIT on PostgreSQL, ``world`` is
everything around it, ``boundaries`` kills at every side effect there is, ``series`` at random moments, and ``verdict``
says what was lost, repeated or out of order. ``python -m tests.torture --kills 2000 --seed 1`` runs the series.
"""
