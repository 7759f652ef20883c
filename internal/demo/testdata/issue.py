"""Issues the demo's credentials with didkit, into credentials.json.

    pip install didkit==0.3.3
    python internal/demo/testdata/issue.py

Both keys are throwaway ones, made from a text that everyone can read; running
it again writes the same bytes.
"""
import asyncio
import base64
import hashlib
import json
import pathlib

import didkit

ALICE = "0xa11ce0a11ce0a11ce0a11ce0a11ce0a11ce0a11c"
BOB = "0xb0b00b0b00b0b00b0b00b0b00b0b00b0b00b0b00"
LAYOUT = {
    "domain": {"name": "VerifiableCredential"},
    "primaryType": "Document",
    "types": {
        "EIP712Domain": [{"name": "name", "type": "string"}],
        "@context": [{"name": "nullifiers", "type": "NullifiersContext"}, {"name": "provider", "type": "string"}],
        "NullifiersContext": [{"name": "@container", "type": "string"}, {"name": "@type", "type": "string"}],
        "CredentialSubject": [
            {"name": "@context", "type": "@context"}, {"name": "nullifiers", "type": "string[]"},
            {"name": "id", "type": "string"}, {"name": "provider", "type": "string"},
        ],
        "Document": [
            {"name": "@context", "type": "string[]"}, {"name": "credentialSubject", "type": "CredentialSubject"},
            {"name": "expirationDate", "type": "string"}, {"name": "issuanceDate", "type": "string"},
            {"name": "issuer", "type": "string"}, {"name": "proof", "type": "Proof"}, {"name": "type", "type": "string[]"},
        ],
        "Proof": [
            {"name": "@context", "type": "string"}, {"name": "created", "type": "string"},
            {"name": "proofPurpose", "type": "string"}, {"name": "type", "type": "string"},
            {"name": "verificationMethod", "type": "string"},
        ],
    },
}


def key(text):
    """A secp256k1 key as a JWK; its public half is worked out on the curve."""
    p = 2**256 - 2**32 - 977
    point = base = (0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
                    0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8)

    def add(a, b):
        if a == b:
            slope = 3 * a[0] * a[0] * pow(2 * a[1], -1, p)
        else:
            slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, p)
        x = (slope * slope - a[0] - b[0]) % p
        return x, (slope * (a[0] - x) - a[1]) % p

    secret = int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")
    for bit in bin(secret)[3:]:
        point = add(point, point)
        if bit == "1":
            point = add(point, base)

    def b64(number):
        return base64.urlsafe_b64encode(number.to_bytes(32, "big")).rstrip(b"=").decode()

    return json.dumps({"kty": "EC", "crv": "secp256k1", "x": b64(point[0]), "y": b64(point[1]), "d": b64(secret)})


async def issue(signer, subject, provider, account, expires="2100-01-01T00:00:00Z"):
    did = didkit.key_to_did("ethr", signer)
    nullifier = "v0:" + base64.b64encode(hashlib.sha256((provider + account).encode()).digest()).decode()
    credential = {
        "@context": ["https://www.w3.org/2018/credentials/v1", "https://w3id.org/vc/status-list/2021/v1"],
        "type": ["VerifiableCredential"],
        "issuer": did,
        "issuanceDate": "2026-01-01T00:00:00Z",
        "expirationDate": expires,
        "credentialSubject": {
            "@context": {
                "nullifiers": {"@container": "@list", "@type": "https://schema.org/Text"},
                "provider": "https://schema.org/Text",
            },
            "id": "did:pkh:eip155:1:" + subject,
            "nullifiers": [nullifier],
            "provider": provider,
        },
    }
    options = {
        "type": "EthereumEip712Signature2021",
        "proofPurpose": "assertionMethod",
        "verificationMethod": did + "#controller",
        "created": "2026-01-01T00:00:00Z",
        "eip712Domain": LAYOUT,
    }
    return json.loads(await didkit.issue_credential(json.dumps(credential), json.dumps(options), signer))


async def main():
    issuer, stranger = key("quickstart issuer"), key("quickstart stranger")
    raised = await issue(issuer, BOB, "Discord", "bob")
    raised["credentialSubject"]["provider"] = "Biometrics"  # worth more, but not what was signed
    wallets = {
        ALICE: [
            await issue(issuer, ALICE, "Google", "shared"),
            await issue(issuer, ALICE, "Github", "alice"),
            await issue(issuer, ALICE, "Ens", "alice", expires="2026-02-01T00:00:00Z"),
        ],
        BOB: [
            await issue(issuer, BOB, "Google", "shared"),
            await issue(issuer, BOB, "Github", "bob"),
            await issue(stranger, BOB, "Twitter", "bob"),
            raised,
        ],
    }
    document = {"issuer": didkit.key_to_did("ethr", issuer), "wallets": wallets}
    path = pathlib.Path(__file__).with_name("credentials.json")
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")


asyncio.run(main())
