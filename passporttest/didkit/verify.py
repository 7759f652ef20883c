"""Has didkit judge credentials.jsonl and writes verdicts.json.

    pip install didkit==0.3.3
    python passporttest/didkit/verify.py
"""
import asyncio
import hashlib
import json
import pathlib
from importlib.metadata import version

import didkit

HERE = pathlib.Path(__file__).parent


async def judge(credential):
    answer = await didkit.verify_credential(credential, json.dumps({"proofPurpose": "assertionMethod"}))
    return "reject" if json.loads(answer)["errors"] else "accept"


async def main():
    verdicts = []
    for line in (HERE / "credentials.jsonl").read_text(encoding="utf-8").splitlines():
        specimen = json.loads(line)
        text = specimen["credential"]
        verdicts.append({
            "name": specimen["name"],
            "sha256": hashlib.sha256(text.encode()).hexdigest(),
            "verdict": await judge(text),
        })
        print(verdicts[-1]["verdict"], specimen["name"])
    document = {"didkit": version("didkit"), "verdicts": verdicts}
    (HERE / "verdicts.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


asyncio.run(main())
