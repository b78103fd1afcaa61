"""What comes in, judged and saved in one transaction."""
