"""Tests of the fake config directory."""
