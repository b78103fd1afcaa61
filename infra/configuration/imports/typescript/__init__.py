"""TypeScript, as far as it says something literally. Nothing is run."""
