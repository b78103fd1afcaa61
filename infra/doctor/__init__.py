"""``python -m infra doctor``: look at a deployment from inside and outside, and say what mends what is wrong."""
