"""Kill the system again and again, and judge it by what its channels received.

``victim`` runs the system and kills it at a given side effect, and ``wire`` kills it at a COMMIT on PostgreSQL.
``world`` is everything around the system: it starts lives with a ``forge``, reads the store by ``reading``, and
``channel`` takes the messages. ``boundaries`` kills at every side effect of the ``stories``, and ``series`` at random
moments; ``ruling`` is what people configure and do where there are rules. ``judgement`` says what was lost, repeated or
out of order.

``python -m tests.torture --kills 2000 --seed 1`` runs the series.
"""
