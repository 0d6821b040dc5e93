"""Exact S3 encryption governance: rules that reason about every request a policy lets through."""

__version__ = "0.1.0"
