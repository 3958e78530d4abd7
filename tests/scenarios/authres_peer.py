"""The other side of authres_interop_test.ts: python3-authres, asked by JSON.

Input: a list of Authentication-Results fields, unfolded. Output for each: [authserv-id, [[method, result], ...]], or an
error's text.
"""
import json
import sys

import authres

answers = []
for field in json.load(sys.stdin):
    try:
        parsed = authres.AuthenticationResultsHeader.parse(field)
        answers.append([parsed.authserv_id, [[one.method, one.result] for one in parsed.results]])
    except Exception as error:
        answers.append(repr(error))
json.dump(answers, sys.stdout)
