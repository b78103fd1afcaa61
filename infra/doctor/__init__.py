"""``python -m infra doctor``: check a deployment from inside and outside, and say how to fix what is wrong."""
