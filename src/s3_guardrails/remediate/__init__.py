"""Remediation: read, decide, plan, apply by compare-and-set, verify, undo. One code for SSM and the command line."""
