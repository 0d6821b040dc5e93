"""Logs of requests to S3: who called which bucket, on which day, over what, and what uploads asked for."""
