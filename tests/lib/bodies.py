"""Bodies as the API document describes them: whole, with every member, so that a test may change one."""
import copy

FORMATS = {"email": "a@example.org", "date": "2026-01-01", "date-time": "2026-01-01T00:00:00Z", "uri": "https://example.org/",
           "uuid": "00000000-0000-4000-8000-000000000000"}


class Bodies:
    """values: what a member or parameter of that name has, whatever its schema; a function is called for each body."""

    def __init__(self, document, values):
        self.document, self.values = document, values

    def resolve(self, schema):
        while "$ref" in schema:
            node = self.document
            for part in schema["$ref"][2:].split("/"):
                node = node[part]
            schema = node
        return schema

    def schema(self, operation):
        """Of an operation's JSON body; None when it has none."""
        content = self.resolve(operation.get("requestBody", {})).get("content", {}).get("application/json")
        return content and content["schema"]

    def properties(self, schema):
        schema = self.resolve(schema)
        found = dict(schema.get("properties", {}))
        for part in schema.get("allOf", []):
            found.update(self.properties(part))
        return found

    def example(self, schema, name="", values=None):
        values = self.values if values is None else {**self.values, **values}
        return self._example(schema, name, values, 0)

    def _example(self, schema, name, values, depth):
        if name in values:
            return values[name]() if callable(values[name]) else values[name]
        schema = self.resolve(schema)
        for key in ("example", "default", "const"):
            if key in schema:
                return schema[key]
        for key in ("examples", "enum"):
            if key in schema:
                return schema[key][0]
        properties = self.properties(schema)
        if not properties:
            for key in ("oneOf", "anyOf", "allOf"):
                if key in schema:
                    return self._example(schema[key][0], name, values, depth)
        return self._by_type(schema, name, values, depth, properties)

    def _by_type(self, schema, name, values, depth, properties):
        kind = schema.get("type", "object" if properties else "string")
        kind = next((k for k in kind if k != "null"), "string") if isinstance(kind, list) else kind
        if kind == "object":
            return {} if depth > 4 else {k: self._example(v, k, values, depth + 1) for k, v in properties.items()}
        if kind == "array":
            return [self._example(schema.get("items", {}), name, values, depth + 1)]
        if kind in ("integer", "number"):
            return max(1, schema.get("minimum", 1))
        return True if kind == "boolean" else FORMATS.get(schema.get("format"), "abc")

    def members(self, schema, depth=0):
        """Paths of every member of an object's schema, two levels deep; 0 is a list's first."""
        for name, inner in self.properties(schema).items():
            inner = self.resolve(inner)
            yield (name,)
            if depth < 1:
                for path in self.members(inner.get("items", inner), depth + 1):
                    yield (name, *([0] if "items" in inner else []), *path)


def changed(body, path, value):
    """A copy of the body in which the member at path has the value; what leads to it is made where it is missing."""
    body = copy.deepcopy(body)
    at = body
    for step, following in zip(path, path[1:]):
        inside = at[step] if isinstance(at, list) else at.get(step)
        if not isinstance(inside, (dict, list)) or isinstance(inside, list) and not inside:
            inside = [{}] if following == 0 else {}
            at[step] = inside
        at = inside
    at[path[-1]] = value
    return body
