"""The other side of spf_interop_test.ts: pyspf, asked by JSON.

Input: a list of cases. Output: a list of answers: [result, explanation or None], or None if the limit of lookups ended it.
"""
import json
import socket
import sys

import spf

zone = {}


def lookup(name, qtype, strict=True, timeout=20):
    answers = []
    for value in zone.get(name.lower(), {}).get(qtype, []):
        if qtype == "TXT":
            value = (value.encode("ascii"),)
        elif qtype == "AAAA":
            value = socket.inet_pton(socket.AF_INET6, value)
        elif qtype == "MX":
            value = tuple(value)
        answers.append(((name.lower(), qtype), value))
    return answers


spf.DNSLookup = lookup
results = []
for case in json.load(sys.stdin):
    zone = case["zone"]
    query = spf.query(i=case["ip"], s=case["from"], h=case["helo"], receiver="here.example")
    status, _, text = query.check()
    limited = query.lookups > 10
    results.append(None if limited else [status, text if status == "fail" else None])
json.dump(results, sys.stdout)
