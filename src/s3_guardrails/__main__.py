"""`python -m s3_guardrails` is `s3-guardrails`."""

import sys

from s3_guardrails.cli import main

sys.exit(main())
