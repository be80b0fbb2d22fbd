"""The conformance suite's machinery: from requirements to verdicts; the checks are in `conformance`."""
