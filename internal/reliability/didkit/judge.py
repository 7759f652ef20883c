"""Answers each line of JSON on stdin with one on stdout.

{"verify": "<credential>"}                          -> {"verdict": "accepts" | "rejects" | "panics", "why": "…"}
{"issue": {…}, "options": {…}, "key": {…}}          -> {"credential": "…"} or {"why": "…"}
"""
import asyncio
import json
import sys
from importlib.metadata import version

import didkit

PURPOSE = json.dumps({"proofPurpose": "assertionMethod"})


async def answer(asked):
    try:
        if "verify" in asked:
            told = json.loads(await didkit.verify_credential(asked["verify"], PURPOSE))
            return {"verdict": "rejects" if told["errors"] else "accepts", "why": " ".join(told["errors"])[:200]}
        credential = await didkit.issue_credential(
            json.dumps(asked["issue"]), json.dumps(asked["options"]), json.dumps(asked["key"]))
        return {"credential": credential}
    except didkit.DIDKitException as refused:
        return {"verdict": "rejects", "why": str(refused)[:200]}
    except Exception as panic:  # a panic of the library underneath
        return {"verdict": "panics", "why": str(panic)[:200]}


async def main():
    print(json.dumps({"didkit": version("didkit")}), flush=True)
    for line in sys.stdin:
        print(json.dumps(await answer(json.loads(line))), flush=True)


asyncio.run(main())
