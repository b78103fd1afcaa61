"""What the store keeps for the people who look at the dashboard."""
