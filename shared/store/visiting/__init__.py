"""The store's part for the people who look at the dashboard."""
