"""Judgements beside events: windows that open and close, and the messages that they hold back."""
