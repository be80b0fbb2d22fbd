"""The matrix is looked at with the browser of the reports' tests."""

from tests.report.conftest import browse as browse
