"""The IAM policy language: parse a policy, evaluate one request, decide questions about all requests."""
