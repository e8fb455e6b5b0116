"""Rules every declared resource has to keep."""
