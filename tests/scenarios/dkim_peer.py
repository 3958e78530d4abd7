"""The other side of dkim_interop_test.ts: dkimpy, asked by JSON. Octets are texts of Latin-1 characters.

Input: a list of jobs. Output: a list of answers: a text, a word, or {"error": text}.
"""
import json
import sys
import types

# dkimpy reads Authentication-Results with a package that need not be here. This is as much of it as it uses.
authres = types.ModuleType("authres")


class SyntaxError_(Exception):
    pass


class Result:
    def __init__(self, text):
        method, _, rest = text.strip().partition("=")
        self.method, self.result = method, (rest.split() or [""])[0]


class AuthenticationResultsHeader:
    @staticmethod
    def parse(line):
        header = AuthenticationResultsHeader()
        first, *rest = line.partition(":")[2].split(";")
        header.authserv_id, header.results = first.strip(), [Result(text) for text in rest]
        return header


authres.AuthenticationResultsHeader = AuthenticationResultsHeader
authres.AuthResError = SyntaxError_
authres.core = types.SimpleNamespace(SyntaxError=SyntaxError_)
sys.modules["authres"] = authres

import dkim  # noqa: E402

dkim.authres = authres
octets = lambda text: text.encode("latin-1")


def run(job):
    message = octets(job["message"])
    records = {octets(name): octets(text) for name, text in job.get("records", {}).items()}
    find = lambda name, timeout=5: records.get(name.rstrip(b"."))
    if job["op"] == "sign":
        field = dkim.sign(
            message, octets(job["selector"]), octets(job["domain"]), octets(job["key"]),
            canonicalize=(octets(job["header"]), octets(job["body"])),
            signature_algorithm=octets(job["algorithm"]), length=job.get("length", False))
        return field.decode("latin-1")
    if job["op"] == "verify":
        return "pass" if dkim.DKIM(message).verify(job.get("index", 0), dnsfunc=find) else "fail"
    if job["op"] == "arc_sign":
        fields = dkim.arc_sign(
            message, octets(job["selector"]), octets(job["domain"]), octets(job["key"]), octets(job["server"]))
        return "".join(field.decode("latin-1") for field in fields)
    cv, results, reason = dkim.arc_verify(message, dnsfunc=find)
    return (cv or b"none").decode() if cv == b"pass" else "%s: %s" % (cv, reason)


answers = []
for one in json.load(sys.stdin):
    try:
        answers.append(run(one))
    except Exception as error:
        answers.append({"error": "%s: %s" % (type(error).__name__, error)})
json.dump(answers, sys.stdout)
