"""What many accounts say together: verdicts counted, gaps named, and how old results are.

Pure: `deploy.fleet…` reads the facts, the command shows the answers. What was not looked at is named, never left out,
and what is not known never counts as compliant.
"""
