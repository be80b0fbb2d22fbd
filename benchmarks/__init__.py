"""What things cost, beside what a user would take instead: `python -m benchmarks`, or `tox -e bench`."""
