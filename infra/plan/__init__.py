"""The cost of a configuration on each platform, and what it can do there: ``python -m infra plan``.

``prices.toml`` has the prices, ``durations.toml`` what a call of each function takes. ``model.py`` calculates, and a
file for each platform knows what is deployed there.
"""
