"""`python -m stacks.provider [ENGINE]`: what `pulumi-resource-rackwright` runs."""

import sys

from stacks.provider.server import serve

serve(sys.argv[1:])
