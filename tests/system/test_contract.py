#!/usr/bin/python3
"""Routes and documents say the same: no route undocumented, no document unserved."""
import os
import pathlib
import subprocess
import unittest

import contract

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = ROOT / os.environ.get("BUILD", "build/dev") / "bin"


def routes():
    """(method, path) -> help of every service's table."""
    found = {}
    for binary in sorted(BIN.iterdir()):
        lines = subprocess.run([binary, "--routes"], check=True, capture_output=True, text=True).stdout.splitlines()
        for line in lines:
            method, path, _access, _permission, _flags, words = line.split("\t")
            # {slug*} takes the rest with its slashes, which OpenAPI can't say
            found[method, path.replace("*}", "}")] = words
    return found


class Documents(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.contract = contract.Contract.load()
        cls.documented = {(method, path): operation for method, _, path, operation in cls.contract.operations}
        cls.served = {route: words for route, words in routes().items() if route[1].startswith(("/api/v1/", "/.well-known/"))}

    def test_every_route_is_documented(self):
        self.assertEqual([], sorted(set(self.served) - set(self.documented)))

    def test_every_document_is_served(self):
        self.assertEqual([], sorted(set(self.documented) - set(self.served)))

    def test_summaries_are_the_routes_help(self):
        for route in set(self.served) & set(self.documented):
            with self.subTest(route=route):
                self.assertEqual(self.served[route], self.documented[route].get("summary"))

    def test_operation_ids_are_unique(self):
        ids = [operation["operationId"] for operation in self.documented.values()]
        self.assertEqual(len(ids), len(set(ids)))

    def test_every_operation_tells_its_problems(self):
        for route, operation in self.documented.items():
            with self.subTest(route=route):
                self.assertIn("default", operation["responses"])


if __name__ == "__main__":
    unittest.main()
