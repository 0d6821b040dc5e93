"""CloudFormation on the embedded AWS: every resource is made by the calls of its own service, which judge them.

`template` resolves a template, `kind…` make the resources, `stack` orders them and takes them back, `stack_set` puts
stacks into accounts and Regions of an organization. What is not played is refused, never skipped.
"""
