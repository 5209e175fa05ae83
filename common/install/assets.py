#!/usr/bin/python3
"""Publish assets under names that carry their content's hash, so that browsers may keep them for ever.

    assets.py SOURCE TARGET MANIFEST

shop.css becomes TARGET/shop.3f2a91c0.css, with a .gz beside it, and "shop_css": "/assets/shop.3f2a91c0.css"
in MANIFEST (drawings without their suffix: "icons"). Style sheets that name other assets, url("leaf.svg"), get those names too. The plain name stays as
a copy. Folders are published as they are, for pages that nginx shows itself.
"""
import gzip
import hashlib
import json
import pathlib
import re
import shutil
import sys

COMPRESSED = {".css", ".js", ".svg", ".json", ".txt", ".webmanifest"}


def publish(target, name, data):
    stem, _, suffix = name.rpartition(".")
    hashed = f"{stem}.{hashlib.sha256(data).hexdigest()[:8]}.{suffix}"
    for out in (hashed, name):
        (target / out).write_bytes(data)
        if f".{suffix}" in COMPRESSED:
            (target / (out + ".gz")).write_bytes(gzip.compress(data, 9, mtime=0))
    return "/assets/" + hashed


def main(source, target, manifest):
    files = sorted((p for p in source.iterdir() if p.is_file()), key=lambda p: (p.suffix == ".css", p.name))
    fresh = target.with_name(target.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    target.mkdir(exist_ok=True)
    urls = {}
    for path in files:
        data = path.read_bytes()
        if path.suffix == ".css":
            text = re.sub(r'url\("?([\w.-]+)"?\)', lambda m: f'url("{urls[m[1]]}")' if m[1] in urls else m[0], data.decode())
            data = text.encode()
        urls[path.name] = publish(fresh, path.name, data)
    for folder in (p for p in source.iterdir() if p.is_dir()):
        shutil.copytree(folder, target / folder.name, dirs_exist_ok=True)
    # Old hashed names stay: a page that is still open, or cached, may ask for them.
    for path in fresh.iterdir():
        path.replace(target / path.name)
    fresh.rmdir()
    keys = {re.sub(r"[^a-z0-9]", "_", name.lower().removesuffix(".svg")): url for name, url in urls.items()}
    manifest.write_text(json.dumps(keys, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*(pathlib.Path(a) for a in sys.argv[1:4]))
