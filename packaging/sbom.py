#!/usr/bin/env python3
"""What a program is made of: a CycloneDX 1.5 SBOM, a list of licences, and the licences' texts.

Made from what cargo says and from nothing else, without the time of day and without random numbers, so that one commit has
one SBOM. What is linked into the program has the scope `required`; what only ran while it was built, `excluded`.

  sbom.py --metadata FILE --linked FILE --built FILE --lock Cargo.lock --crate hubu-core --name hubu --target TRIPLE
          --commit HASH --time SECONDS [--also NAME=VERSION=LICENCE]... --sbom OUT --licences OUT --texts OUT

`--linked` and `--built` are the outputs of `cargo tree --prefix none --format {p}`, with the edges normal,no-proc-macro and
normal,build.
"""

import argparse
import datetime
import hashlib
import json
import pathlib
import re
import sys
import tomllib
import uuid


class Wrong(Exception):
    """The inputs do not fit together; the text says how."""


def crates_of(tree):
    """(name, version) of every line of `cargo tree --prefix none --format {p}`."""
    found = set()
    for line in tree.splitlines():
        if not line.strip():
            continue
        match = re.match(r"^([A-Za-z0-9_-]+) v(\S+)", line)
        if not match:
            raise Wrong(f"no crate in this line of cargo tree: {line!r}")
        found.add((match[1], match[2]))
    return found


def expression(licence):
    """A licence as an SPDX expression; older crates write `/` for OR."""
    return re.sub(r"\s*/\s*", " OR ", licence.strip())


def purl(name, version):
    return f"pkg:cargo/{name}@{version}"


def licence_files(package):
    """The licence texts that a crate brings along, by name."""
    folder = pathlib.Path(package["manifest_path"]).parent
    if not folder.is_dir():
        return []
    wanted = re.compile(r"^(licen[sc]e|copying|copyright|notice|unlicense)", re.IGNORECASE)
    files = [path for path in sorted(folder.iterdir()) if path.is_file() and wanted.match(path.name)]
    return [(path.name, path.read_text(encoding="utf-8", errors="replace")) for path in files]


def components(packages, linked, built, checksums):
    """CycloneDX components in the order of their names; every crate must have a licence."""
    missing = sorted((linked | built) - packages.keys())
    if missing:
        raise Wrong(f"cargo tree names what cargo metadata does not: {missing}")
    made = []
    for name, version in sorted(linked | built):
        package = packages[name, version]
        licence = package.get("license")
        if not licence:
            raise Wrong(f"{name} {version} names no licence")
        component = {
            "type": "library",
            "bom-ref": purl(name, version),
            "name": name,
            "version": version,
            "scope": "required" if (name, version) in linked else "excluded",
            "licenses": [{"expression": expression(licence)}],
            "purl": purl(name, version),
        }
        if package.get("description"):
            component["description"] = " ".join(package["description"].split())
        if (name, version) in checksums:
            component["hashes"] = [{"alg": "SHA-256", "content": checksums[name, version]}]
        if package.get("repository"):
            component["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
        made.append(component)
    return made


def edges(metadata, names, wanted):
    """Which of the wanted crates needs which, as CycloneDX writes it. Tests' own needs are left out."""
    made = []
    for node in metadata["resolve"]["nodes"]:
        if names[node["id"]] not in wanted:
            continue
        needs = set()
        for dependency in node["deps"]:
            kinds = {kind["kind"] for kind in dependency["dep_kinds"]}
            if names[dependency["pkg"]] in wanted and kinds - {"dev"}:
                needs.add(purl(*names[dependency["pkg"]]))
        made.append({"ref": purl(*names[node["id"]]), "dependsOn": sorted(needs)})
    return sorted(made, key=lambda edge: edge["ref"])


def extras(also):
    """What is linked and is no crate of ours: `NAME=VERSION=LICENCE`."""
    made = []
    for text in also:
        parts = text.split("=")
        if len(parts) != 3 or not all(parts):
            raise Wrong(f"--also {text!r}: say NAME=VERSION=LICENCE")
        name, version, licence = parts
        made.append(
            {
                "type": "library",
                "bom-ref": f"{name}@{version}",
                "name": name,
                "version": version,
                "scope": "required",
                "licenses": [{"expression": licence}],
            }
        )
    return made


def sbom(metadata, linked, built, lock, crate, name, target, commit, time, also=()):
    """The whole document."""
    packages = {(p["name"], p["version"]): p for p in metadata["packages"]}
    names = {p["id"]: (p["name"], p["version"]) for p in metadata["packages"]}
    checksums = {(p["name"], p["version"]): p["checksum"] for p in lock["package"] if "checksum" in p}
    own = [pair for pair in linked if pair[0] == crate]
    if len(own) != 1:
        raise Wrong(f"cargo tree has {len(own)} crates {crate}, not one")
    version = own[0][1]
    parts = components(packages, linked - set(own), built - set(own), checksums)
    more = extras(also)
    needs = edges(metadata, names, linked | built)
    for edge in needs:
        if edge["ref"] == purl(*own[0]):
            edge["dependsOn"] = sorted(edge["dependsOn"] + [part["bom-ref"] for part in more])
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "timestamp": datetime.datetime.fromtimestamp(time, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {
                "type": "application",
                "bom-ref": purl(*own[0]),
                "name": name,
                "version": version,
                "licenses": [{"expression": expression(packages[own[0]]["license"])}],
                "purl": purl(*own[0]),
                "properties": [
                    {"name": "hubu:target", "value": target},
                    {"name": "hubu:commit", "value": commit},
                ],
            },
        },
        "components": parts + more,
        "dependencies": needs,
    }
    # Named for its content: the same content is the same document.
    content = json.dumps(document, sort_keys=True).encode()
    document["serialNumber"] = "urn:uuid:" + str(uuid.UUID(bytes=hashlib.sha256(content).digest()[:16], version=4))
    return document


def licence_list(document):
    """Name, version, licence and whether it is in the program, a line each, divided by tabs."""
    lines = ["name\tversion\tlicence\tin the program"]
    for part in document["components"]:
        inside = "yes" if part["scope"] == "required" else "no, only while it was built"
        lines.append(f"{part['name']}\t{part['version']}\t{part['licenses'][0]['expression']}\t{inside}")
    return "\n".join(lines) + "\n"


def licence_texts(metadata, linked):
    """Every licence text of what is linked, once, after the crates that it belongs to."""
    owners = {}
    for package in metadata["packages"]:
        if (package["name"], package["version"]) in linked:
            for file, text in licence_files(package):
                owners.setdefault(text.strip(), []).append(f"{package['name']} {package['version']}, {file}")
    parts = []
    for text, who in sorted(owners.items(), key=lambda item: sorted(item[1])):
        parts.append("\n".join(sorted(who)) + "\n" + "-" * 78 + "\n" + text + "\n" + "=" * 78 + "\n")
    return "\n".join(parts)


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option in ("metadata", "linked", "built", "lock", "sbom", "licences", "texts"):
        parser.add_argument(f"--{option}", required=True, type=pathlib.Path)
    for option in ("crate", "name", "target", "commit"):
        parser.add_argument(f"--{option}", required=True)
    parser.add_argument("--time", required=True, type=int)
    parser.add_argument("--also", action="append", default=[])
    o = parser.parse_args(arguments)
    metadata = json.loads(o.metadata.read_text(encoding="utf-8"))
    linked, built = crates_of(o.linked.read_text(encoding="utf-8")), crates_of(o.built.read_text(encoding="utf-8"))
    lock = tomllib.loads(o.lock.read_text(encoding="utf-8"))
    document = sbom(metadata, linked, built, lock, o.crate, o.name, o.target, o.commit, o.time, o.also)
    o.sbom.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    o.licences.write_text(licence_list(document), encoding="utf-8")
    o.texts.write_text(licence_texts(metadata, linked), encoding="utf-8")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (Wrong, OSError, ValueError) as error:
        sys.exit(f"sbom.py: {error}")
