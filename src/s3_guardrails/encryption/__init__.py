"""S3 and KMS encryption: modes, data classes, facts about buckets and keys, and the questions asked of policies."""
