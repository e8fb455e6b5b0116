"""What the plan declares to Pulumi: out-of-band state and services with an API."""
