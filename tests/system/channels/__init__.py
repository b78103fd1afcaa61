"""Channels that misbehave, from outside: events are pushed into the running system, and Telegram is a stand-in.

The tests read what happened where anybody can read it: at the channel, in notification_logs and in the log.
"""
