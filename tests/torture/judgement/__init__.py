"""What the judge goes by: ``verdict`` says what broke; ``rules`` and ``upkeep`` judge what rules and upkeep do."""
