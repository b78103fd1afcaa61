"""What other tools call things: their names of fields, and the keys under which they know monitors."""
