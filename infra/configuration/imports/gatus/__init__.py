"""Gatus: a file, a folder of files, or a manifest of Kubernetes."""
