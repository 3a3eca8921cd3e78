"""Aerleon's AclCheck, asked in JSON: policies with their definitions and questions in, the first exact match of each out."""
import json, sys

from aerleon.lib import aclcheck, naming, policy, policy_builder

answers = []
for case in json.load(sys.stdin):
    definitions = naming.Naming()
    definitions.ParseDefinitionsObject(case["definitions"], "")
    parsed = policy.FromBuilder(policy_builder.PolicyBuilder(case["policy"], definitions))
    said = []
    for source, target, port, protocol in case["questions"]:
        check = aclcheck.AclCheck(parsed, src=source, dst=target, dport=port, proto=protocol)
        matches = check.ExactMatches()
        # An action is a word, or a list of one.
        said.append([matches[0].term, "".join(matches[0].action)] if matches else None)
    answers.append(said)
json.dump(answers, sys.stdout)
