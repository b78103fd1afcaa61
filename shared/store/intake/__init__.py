"""Events and pings come in: one transaction judges and saves them."""
