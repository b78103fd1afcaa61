"""What is kept of events once they are gone: counts, and how long responses took. Pure."""
