"""Switch command lines with state: what a session does to one is there for the next."""
