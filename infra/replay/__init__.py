"""Judge the stored checks again with other thresholds: ``python -m infra replay``."""
