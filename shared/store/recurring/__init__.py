"""What recurs as the file says: drills, which people begin too, and summaries. Begun when due, and ended."""
