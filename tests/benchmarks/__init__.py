"""Measures every figure that the program promises and prints them beside their targets: `python -m tests.benchmarks [--quick]`."""
