"""Files that people write and review: strict YAML, a JSON Schema each, errors with lines; and the guardrails file."""
