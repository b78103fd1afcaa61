"""What other thresholds would have changed, by the checks that are stored: ``python -m infra replay``."""
