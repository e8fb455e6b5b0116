"""The native Pulumi provider: management controllers, DHCP, DNS, switch configurations."""
