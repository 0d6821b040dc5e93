"""How long properties are tried: reproducible and bounded by default, longer where `GUARDRAILS_FUZZ` asks for it.

Sessions of botocore share one loader: each would parse AWS's service models anew, which takes longer than most tests.
"""

from functools import cache

import botocore.session
from hypothesis import HealthCheck, settings

from effort import FUZZ

SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large)

settings.register_profile(
    "bounded", derandomize=True, max_examples=60, deadline=None, database=None, suppress_health_check=SLOW
)
settings.register_profile("long", max_examples=max(FUZZ, 60), deadline=None, suppress_health_check=SLOW)
settings.load_profile("long" if FUZZ else "bounded")

botocore.session.create_loader = cache(botocore.session.create_loader)
