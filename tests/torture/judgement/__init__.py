"""The judge's rules: ``verdict`` says what broke; ``rules`` and ``upkeep`` judge what rules and upkeep do."""
