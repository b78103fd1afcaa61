"""Drills, which people begin too, and summaries: they recur as the file says, begin when due, and end."""
