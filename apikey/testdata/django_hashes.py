"""Hashes API keys as Django does: pip install 'Django==4.2.*', then
python django_hashes.py > django_hashes.json"""

import json

from django.conf import settings

settings.configure()

from django.contrib.auth.hashers import PBKDF2PasswordHasher, make_password  # noqa: E402

key = "Ab3dEf6h.0123456789abcdefABCDEF0123456789"
hasher = PBKDF2PasswordHasher()
cases = [
    (key, "saltsalt", 1),
    (key, "s", 2),
    (key, "a salt, of any text; ünï-çødé 盐 \U0001F9C2", 1000),
    (key, ".. / + = \\ \" ' % :", 3),
    (key, "x" * 90, 7),
    ("Ab3dEf6h.a.b.c", "dots.in.it", 720),
    ("Ab3dEf6h.", "emptysecret", 5),
    ("Ab3dEf6h.日本語-ключ", "nonascii", 11),
    ("Gh4kLm2p.a4d26868017c0ccffe2efe50944ef421", "saltsalt", 1000),
]
hashes = [{"key": k, "hash": hasher.encode(k, salt, iterations)} for k, salt, iterations in cases]
# As a new key of the service is hashed: a random salt, Django's own count.
hashes.append({"key": key, "hash": make_password(key)})
print(json.dumps(hashes, indent=1, ensure_ascii=False))
