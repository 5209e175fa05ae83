"""Secrets in the repository: what looks like one by its form, and what looks like one by chance of its letters."""
import collections
import math
import re

FORMS = {
    "a private key": r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\s+[A-Za-z0-9+/]{40}",
    "a key of a cloud": r"\bAKIA[0-9A-Z]{16}\b|\bAIza[\w-]{35}\b",
    "a token of a code host": r"\bgh[pousr]_[A-Za-z0-9]{36}\b|\bglpat-[\w-]{20}\b",
    "a key of a payment provider": r"\b[rs]k_live_[A-Za-z0-9]{16,}|\bwhsec_[A-Za-z0-9+/=]{24,}",
    "a token of a chat": r"\bxox[abprs]-[\w-]{10,}",
    "an API key of a shop": r"\bes_live_[\w-]{43}\b",
    "a signed token": r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}",
    "a password in an address": r"\b[a-z][a-z0-9+.-]*://[^\s/:@\"'{}$%<>]+:[^\s/@\"'{}$%<>]{4,}@",
    "a password by its name": r"(?i)\b(?:password|passwd|secret|api_key|token)\s*[=:]\s*[\"'](?=[^\"']*\d)(?=[^\"']*[a-z])[\w+/=-]{16,}[\"']",
}
WORD = re.compile(r"(?<![\w+/=-])[A-Za-z0-9+/_-]{32,}={0,2}(?![\w+/=-])")
BITS_MIN = 4.2  # of a letter: random base64 of 32 letters has about 4.6, names and paths stay below 4
# No secrets: known answers that anybody may read where they are from, and what stands for one in a test.
KNOWN = {
    "es_live_" + 43 * "A",
    "nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",  # Argon2's reference: "password" with the salt "somesalt"
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",  # the example of Standard Webhooks
}


def bits(word):
    return -sum(n / len(word) * math.log2(n / len(word)) for n in collections.Counter(word).values())


def looks_random(word):
    """Letters of both cases and digits, as evenly as chance has them; not an alphabet written down, not a path, not a name of libsodium's."""
    if re.fullmatch(r"(?:crypto|sodium)(?:_[a-z0-9]+)+(?:_[A-Z_]+)?", word):
        return False
    kinds = sum(bool(re.search(kind, word)) for kind in ("[a-z]", "[A-Z]", "[0-9]"))
    return kinds == 3 and bits(word) >= BITS_MIN and word.count("/") < 3 and "abcdefgh" not in word and "ABCDEFGH" not in word


def check(path, text, say):
    for what, form in FORMS.items():
        for m in re.finditer(form, text):
            if m[0] not in KNOWN:
                say(path, text.count("\n", 0, m.start()) + 1, f"looks like {what}")
    for m in WORD.finditer(text):
        if looks_random(m[0]) and m[0] not in KNOWN:
            say(path, text.count("\n", 0, m.start()) + 1, "looks like a secret: letters at random")
