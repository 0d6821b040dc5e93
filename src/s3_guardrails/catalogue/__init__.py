"""The catalogue: finds the rules, and renders and checks everything that is derived from them."""
