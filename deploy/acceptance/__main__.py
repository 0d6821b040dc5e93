"""A rehearsal in a scratch AWS account: `python deploy/acceptance --help`, docs/acceptance.md."""

import sys

from s3_guardrails.acceptance.command import main

sys.exit(main())
