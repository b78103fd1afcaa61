"""What Bonghwa costs in cold start, throughput and memory, measured beside a functions-framework hello world."""
