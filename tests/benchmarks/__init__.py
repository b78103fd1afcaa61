"""What Bonghwa costs, and the bars that it has to hold; most of it measured beside a hello world or a smaller past."""
