"""Puts a password into a new profile of Thunderbird, as it stores one itself: encrypted with a key of its NSS database.

Arguments: the folder that libnss3.so is in, the profile, the URL of the server, user, password. Run by thunderbird_test.ts.
"""

import base64
import ctypes
import json
import os
import sys
import time


class Item(ctypes.Structure):
    """SECItem."""

    _fields_ = [("type", ctypes.c_uint), ("data", ctypes.c_void_p), ("len", ctypes.c_uint)]


def main(libraries, profile, server, user, password):
    nss = ctypes.CDLL(os.path.join(libraries, "libnss3.so"))
    nss.PK11_GetInternalKeySlot.restype = ctypes.c_void_p
    nss.PK11_InitPin.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p]
    must(nss.NSS_InitReadWrite(f"sql:{profile}".encode()))
    nss.PK11_FreeSlot.argtypes = [ctypes.c_void_p]
    slot = nss.PK11_GetInternalKeySlot()
    must(nss.PK11_InitPin(slot, b"", b""))
    nss.PK11_FreeSlot(slot)

    def encrypted(text):
        buffer = ctypes.create_string_buffer(text.encode())
        data = Item(0, ctypes.cast(buffer, ctypes.c_void_p), len(text.encode()))
        key, result = Item(0, None, 0), Item(0, None, 0)
        must(nss.PK11SDR_Encrypt(ctypes.byref(key), ctypes.byref(data), ctypes.byref(result), None))
        return base64.b64encode(ctypes.string_at(result.data, result.len)).decode()

    now = int(time.time() * 1000)
    login = {
        "id": 1,
        "hostname": server,
        "httpRealm": server,
        "formSubmitURL": None,
        "usernameField": "",
        "passwordField": "",
        "encryptedUsername": encrypted(user),
        "encryptedPassword": encrypted(password),
        "guid": "{00000000-0000-4000-8000-000000000001}",
        "encType": 1,
        "timeCreated": now,
        "timeLastUsed": now,
        "timePasswordChanged": now,
        "timesUsed": 1,
    }
    with open(os.path.join(profile, "logins.json"), "w", encoding="utf-8") as file:
        json.dump({"nextId": 2, "logins": [login], "version": 3}, file)
    must(nss.NSS_Shutdown())


def must(status):
    if status != 0:
        raise RuntimeError("NSS fails")


main(*sys.argv[1:])
