"""Templates as CloudFormation would resolve them: the few functions that ours use, everything known.

What a template makes stands as `<Name>` and `<Name.Attribute>`.
"""

import re

_PSEUDO = {"AWS::Region": "eu-west-1", "AWS::AccountId": "111122223333", "AWS::Partition": "aws"}
_PSEUDO |= {"AWS::StackName": "s3-encryption-guardrails", "AWS::URLSuffix": "amazonaws.com", "AWS::NoValue": None}


class Resolved:
    """A template with values of its parameters, and pseudo parameters as though they were some."""

    def __init__(self, tree, given=None):
        self.tree = tree
        defaults = {name: each["Default"] for name, each in tree.get("Parameters", {}).items() if "Default" in each}
        self.values = {**_PSEUDO, **defaults, **(given or {})}

    def resources(self):
        """The resources whose condition holds, without what only orders them."""
        found = self.tree["Resources"].items()
        kept = {name: each for name, each in found if "Condition" not in each or self.condition(each["Condition"])}
        return {name: self.resolve(each["Properties"]) for name, each in kept.items()}

    def resolve(self, node):
        match node:
            case {"Ref": name}:
                return self.ref(name)
            case {"Fn::GetAtt": [name, attribute]}:
                return f"<{name}.{attribute}>"
            case {"Fn::If": [condition, yes, no]}:
                return self.resolve(yes if self.condition(condition) else no)
            case {"Fn::Sub": [text, own]}:
                return self.sub(text, {name: self.resolve(each) for name, each in own.items()})
            case {"Fn::Sub": text}:
                return self.sub(text, {})
            case dict():
                found = {name: self.resolve(each) for name, each in node.items()}
                return {name: each for name, each in found.items() if each is not None}
            case list():
                return [self.resolve(each) for each in node]
            case _:
                return node

    def ref(self, name):
        if name in self.values:
            return self.values[name]
        assert name in self.tree["Resources"], name
        return f"<{name}>"

    def sub(self, text, own):
        def value(found):
            name = found[1]
            return own[name] if name in own else f"<{name}>" if "." in name else self.ref(name)

        return re.sub(r"\$\{([^!}]+)\}", value, text)

    def condition(self, name):
        return self.truth(self.tree["Conditions"][name])

    def truth(self, node):
        match node:
            case {"Fn::Equals": [one, other]}:
                return self.resolve(one) == self.resolve(other)
            case {"Fn::Not": [one]}:
                return not self.truth(one)
            case {"Fn::And": several}:
                return all(map(self.truth, several))
            case {"Fn::Or": several}:
                return any(map(self.truth, several))
            case {"Condition": name}:
                return self.condition(name)
