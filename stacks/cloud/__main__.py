"""Networks, access, spread, databases, balancers and buckets of the cloud platform, over all sites."""

from stacks.programs.cloud import run

run()
