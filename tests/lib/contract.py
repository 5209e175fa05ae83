"""The OpenAPI document as a judge: every answer of the API that a test sees is held against it."""
import json
import os
import pathlib
import re

import jsonschema

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROBLEM = "application/problem+json"


class Contract:
    def __init__(self, document):
        self.document = document
        self.resolver = jsonschema.RefResolver("", document)
        self.operations = [(method.upper(), pattern(path), path, self.resolve(operation))
                           for path, item in document["paths"].items()
                           for method, operation in item.items() if method in ("get", "post", "put", "patch", "delete")]

    @classmethod
    def load(cls):
        build = pathlib.Path(os.environ.get("BUILD", "build/dev"))
        return cls(json.loads((ROOT / build.parent / "openapi.json").read_text()))

    def resolve(self, node):
        while "$ref" in node:
            node = self.resolver.resolve(node["$ref"])[1]
        return node

    def operation(self, method, path):
        """The operation a request meant: literal segments win over parameters."""
        fits = [(path_.count("{"), operation) for method_, fit, path_, operation in self.operations
                if method_ == method and fit.fullmatch(path.split("?")[0])]
        return min(fits, key=lambda f: f[0])[1] if fits else None

    def faults(self, method, path, status, content_type, body):
        """What is wrong with an answer, as sentences."""
        operation = self.operation("GET" if method == "HEAD" else method, path)
        if operation is None or status == 304 or method == "HEAD":
            return []
        responses = operation["responses"]
        response = responses.get(str(status)) or (responses.get("default") if status >= 400 else None)
        if response is None:
            return [f"{method} {path} answered {status}, which its document does not know"]
        content = self.resolve(response).get("content")
        if not content:
            return [f"{method} {path} answered {status} with a body"] if body else []
        kind = content_type.split(";")[0].strip()
        if kind not in content:
            return [f"{method} {path} answered {status} as {kind!r}, not {'/'.join(content)}"]
        schema = content[kind].get("schema")
        if schema is None or not (kind == PROBLEM or kind.endswith("json")):
            return []
        validator = jsonschema.Draft202012Validator(schema, resolver=self.resolver)
        return [f"{method} {path} {status}: {'/'.join(map(str, e.absolute_path))}: {e.message[:300]}" for e in validator.iter_errors(json.loads(body))]


def pattern(path):
    return re.compile("/".join("[^/]+" if s.startswith("{") else re.escape(s) for s in path.split("/")))
