"""Writes decimals.json: sums and texts as the reference's decimals give them.

    python3 testdata/decimals.py > testdata/decimals.json
"""
import json
import random
from decimal import ROUND_HALF_EVEN, Context, Decimal, setcontext

setcontext(Context(prec=28, rounding=ROUND_HALF_EVEN))
random.seed(28)

SHAPES = ["0", "1", "0.1", "0.2", "2.0", "2.5000", "1.2500", "-0.75", "1e2", "1E-7", "0.0000001", "1e-30",
          "9999999999999999999999999999", "0.00000000000000000000000000005", "12345678901234567890.123456789012345",
          "0.000005", "0.000015", "0.000025", "2.675", "-2.675", "1e20", "100", "0.50", "00012.3400"]


def text():
    if random.random() < 0.4:
        return random.choice(SHAPES)
    digits = str(random.randrange(10 ** random.randrange(1, 31)))
    cut = random.randrange(len(digits) + 1)
    sign = random.choice(["", "", "-"])
    return sign + (digits[:cut] or "0") + ("." + digits[cut:] if cut < len(digits) else "")


cases = [[shape] for shape in SHAPES] + [[text() for _ in range(random.randrange(1, 40))] for _ in range(400)]
out = []
for terms in cases:
    total = sum((Decimal(t) for t in terms), Decimal(0))
    out.append({"terms": terms, "sum": str(total), "fixed": format(total.quantize(Decimal("1.00000"), context=Context(prec=200)), "f")})
print("[\n" + ",\n".join(json.dumps(c) for c in out) + "\n]")
