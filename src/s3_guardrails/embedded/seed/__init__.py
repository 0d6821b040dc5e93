"""The demo's account as data: who is in it, its keys and its buckets, each with the reason why it exists.

Reading `key`, `log_bucket`, `data_bucket`, `shared_bucket` and `odd_bucket` teaches what guardrails meet in production;
`account` creates it all in an embedded AWS.
"""
