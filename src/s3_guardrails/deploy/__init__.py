"""Builds what is deployed: the functions' bundle, and the template that StackSets take."""
