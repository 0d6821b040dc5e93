"""A rehearsal in a scratch AWS account: deploy, seed, click, compare, take it all away, and say what was seen.

One step after the other; what nobody could verify without an account has a step each (docs/verified.md).
"""
