"""Rules of every function: who may call it, what it reads, and what it responds in trouble."""
