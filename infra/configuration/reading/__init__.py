"""How the file is read: YAML into nodes with lines, placeholders filled in, and mistakes in the words of the file."""
