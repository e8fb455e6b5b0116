"""Runs the stacks in order through the Automation API."""
