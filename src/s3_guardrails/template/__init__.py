"""Reads policies out of CloudFormation and SAM templates, Terraform plans and bare documents, before deployment.

What a template leaves open is never dropped and never guessed: a policy with open parts becomes one whose statements
apply for certain, or may apply, so that the prover's answer holds whatever the open values turn out to be.
"""
