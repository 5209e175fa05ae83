#!/usr/bin/python3
"""Merge fcgi-apps/*/openapi.yaml into the one document served at /api/openapi.json.

    openapi_merge.py --out build/openapi.json [--routes FILE] [ROOT]

--routes FILE  what `<service> --routes` print, one after the other: then every API route must be
               documented with its help as the summary, every operation must be a route, and each
               staff operation learns its permission (x-permission).

What several services refer to (list parameters, problems, money, bearer tokens) is in
common/install/openapi_base.yaml. Two services with the same path and method, operationId or
component of different content, and references that lead nowhere, are errors.
"""
import argparse
import json
import os
import pathlib
import sys

import yaml

PUBLIC = ("/api/v1/", "/.well-known/", "/webhooks/")
METHODS = ("get", "post", "put", "patch", "delete")
SERVICES = ("auth-service", "catalog-service", "cart-service", "order-service", "payment-service", "inventory-service",
            "notification-service", "analytics-service", "event-bus")


class Problems(list):
    def say(self, where, text):
        self.append(f"{where}: {text}")


def load(path, problems):
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as e:
        problems.say(path, str(e))
        return {}
    return document if isinstance(document, dict) else {}


def plain(value):
    """YAML's numbers and dates as keys or values are text in JSON."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def add_components(merged, document, where, problems):
    for kind, entries in (document.get("components") or {}).items():
        target = merged["components"].setdefault(kind, {})
        for name, body in entries.items():
            if name in target and target[name] != body:
                problems.say(where, f"components/{kind}/{name} is something else in another document")
            target[name] = body


def add_paths(merged, document, service, where, problems, operation_ids):
    for path, item in (document.get("paths") or {}).items():
        target = merged["paths"].setdefault(path, {})
        shared = item.get("parameters") or []
        for method, operation in item.items():
            if method == "parameters":
                continue
            if method not in METHODS:
                problems.say(where, f"{path}: {method} does not belong here")
                continue
            name = operation.get("operationId")
            if method in target:
                problems.say(where, f"{method.upper()} {path} is documented twice")
            if not name or not operation.get("summary") or not operation.get("responses"):
                problems.say(where, f"{method.upper()} {path} lacks operationId, summary or responses")
            if name in operation_ids:
                problems.say(where, f"operationId {name} is also in {operation_ids[name]}")
            operation_ids[name] = where
            target[method] = {**operation, "x-service": service}
            if shared:
                target[method]["parameters"] = shared + (operation.get("parameters") or [])


def check_references(node, merged, problems):
    if isinstance(node, list):
        for value in node:
            check_references(value, merged, problems)
    elif isinstance(node, dict):
        reference = node.get("$ref")
        if isinstance(reference, str):
            target = merged
            for part in reference.lstrip("#/").split("/"):
                target = target.get(part) if isinstance(target, dict) else None
            if target is None:
                problems.say(reference, "is referred to and nowhere defined")
        for value in node.values():
            check_references(value, merged, problems)


def apply_routes(merged, routes, problems):
    """method, path, access, permission, flags, help: tab-separated."""
    served = set()
    for line in routes.read_text(encoding="utf-8").splitlines():
        method, path, access, permission, _, summary = (line.split("\t") + [""] * 6)[:6]
        if not path.startswith(("/api/v1/", "/.well-known/")):
            continue
        path = path.replace("*}", "}")  # OpenAPI has no word for an argument that holds slashes
        operation = merged["paths"].get(path, {}).get(method.lower())
        served.add((method.lower(), path))
        if operation is None:
            problems.say(f"{method} {path}", "is served and not documented")
            continue
        if operation.get("summary") != summary:
            problems.say(f"{method} {path}", f"its summary is {operation.get('summary')!r}, the route's help {summary!r}")
        if access.lower().endswith("staff"):
            operation["x-permission"] = permission
    for path, item in merged["paths"].items():
        for method in item:
            if (method, path) not in served and path.startswith(("/api/v1/", "/.well-known/")):
                problems.say(f"{method.upper()} {path}", "is documented and not served")


def merge(root, problems):
    merged = plain(load(root / "common" / "install" / "openapi_base.yaml", problems))
    merged.setdefault("paths", {})
    merged.setdefault("components", {})
    merged["x-services"] = []
    operation_ids = {}
    found = sorted((root / "fcgi-apps").glob("*/openapi.yaml"),
                   key=lambda p: SERVICES.index(p.parent.name) if p.parent.name in SERVICES else len(SERVICES))
    for path in found:
        document, service, where = plain(load(path, problems)), path.parent.name, path.relative_to(root)
        if document.get("paths") and not any(p.startswith(PUBLIC) for p in document["paths"]):
            continue  # another system's API, such as the mock provider's
        add_components(merged, document, where, problems)
        add_paths(merged, document, service, where, problems, operation_ids)
        info = document.get("info") or {}
        merged["x-services"].append({"id": service, "name": service.removesuffix("-service").replace("-", " ").capitalize(),
                                     "description": info.get("description", "")})
    check_references(merged, merged, problems)
    return merged


def main():
    parser = argparse.ArgumentParser(description="Merge the services' OpenAPI documents.")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--routes", type=pathlib.Path)
    parser.add_argument("root", nargs="?", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2])
    args = parser.parse_args()
    problems = Problems()
    merged = merge(args.root, problems)
    if args.routes:
        apply_routes(merged, args.routes, problems)
    for problem in problems:
        print(f"openapi: {problem}", file=sys.stderr)
    if problems:
        return 1
    args.out.parent.mkdir(parents=True, exist_ok=True)
    fresh = args.out.with_name(args.out.name + ".new")
    fresh.write_text(json.dumps(merged, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    os.replace(fresh, args.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
