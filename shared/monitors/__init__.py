"""What is watched, and how: the policy of a monitor."""
