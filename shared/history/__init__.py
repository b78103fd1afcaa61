"""Count events and their response times, so that the counts stay when the events are pruned. Pure."""
