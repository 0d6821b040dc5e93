"""Writes what was found about files for the tools of a pull request: SARIF and JUnit XML."""
