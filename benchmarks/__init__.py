"""Benchmarks: each a module with `main(arguments)`, run as `python -m benchmarks NAME`."""
