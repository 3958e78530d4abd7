"""Reads notifications with Python's own email package, and tells what it found, as JSON."""

import email
import email.policy
import json
import sys

answers = []
for text in json.load(sys.stdin):
    message = email.message_from_bytes(text.encode("latin-1"), policy=email.policy.SMTPUTF8)
    parts = list(message.iter_parts())
    status = parts[1]
    if status.get_content_type() == "message/delivery-status":
        groups = status.get_payload()
    else:
        # The new type is not known to it: the groups are read as header sections one by one.
        octets = status.get_payload(decode=True) or bytes(status.get_payload(0))
        groups = [
            email.message_from_bytes(group, policy=email.policy.SMTPUTF8)
            for group in octets.replace(b"\r\n", b"\n").split(b"\n\n")
            if group.strip()
        ]
    answers.append(
        {
            "type": message.get_content_type(),
            "reportType": message.get_param("report-type"),
            "fields": {name: str(message[name]) for name in ("From", "To", "Subject", "References", "Auto-Submitted")},
            "defects": [type(defect).__name__ for part in message.walk() for defect in part.defects],
            "parts": [part.get_content_type() for part in parts],
            "text": parts[0].get_content(),
            "groups": [{name: str(value) for name, value in group.items()} for group in groups],
        }
    )
json.dump(answers, sys.stdout)
