"""SSM Automation played: documents of schema version 0.3, read strictly, and their executions.

`document` reads, `action` says what each action takes and gives, `execution` runs steps, `perform` does the work of
one. What is not played is refused when the document is read, with its place. Source: AWS Systems Manager User Guide,
"Systems Manager Automation actions reference" and "Data elements and parameters"; where it is silent the module says
what is assumed. How it differs from AWS is not measured: no account was at hand.
"""
