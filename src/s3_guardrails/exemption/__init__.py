"""Exemptions: recorded, owned, expiring permissions to deviate; the verdict stays and names who answers for it."""
