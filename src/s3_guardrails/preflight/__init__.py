"""Is an account and Region ready for the guardrails? Facts of the surroundings → findings, each with its next step.

Pure: `deploy.preflight` reads the facts, the command shows the findings. A fact that could not be read becomes a
finding of its own and is never taken for fine.
"""
