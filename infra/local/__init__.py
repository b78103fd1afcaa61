"""The whole system on one machine: every function under functions-framework behind one port, and the schedules."""
