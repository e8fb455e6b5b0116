"""The programs of the stacks: what each layer declares, from the plan alone."""
