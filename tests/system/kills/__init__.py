"""Kills, and what is left of the contract after them."""
