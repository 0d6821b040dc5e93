"""Proposes a data class and an encryption mode for a bucket: facts and findings in, a reviewable proposal out; pure."""
