"""How the functions are run: the table of them, the local runner, and the deployments."""
