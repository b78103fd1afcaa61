"""What a configuration costs on each platform and what it can do there: ``python -m infra plan``.

Prices stand in ``prices.toml``, what functions take in ``durations.toml``; ``model.py`` reckons, and a file for each
platform knows what is deployed there.
"""
