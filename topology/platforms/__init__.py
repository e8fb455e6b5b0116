"""Configurations as text: one template and one parser per platform, both over `topology.switch_config`."""
