"""What sbom.py promises; run by `python3 -m unittest discover -s packaging -p '*_test.py'`."""

import json
import pathlib
import tempfile
import unittest

import sbom


def package(name, version, licence, folder):
    return {
        "id": f"registry+x#{name}@{version}",
        "name": name,
        "version": version,
        "license": licence,
        "description": f"The crate\n {name}",
        "repository": f"https://example.org/{name}",
        "manifest_path": str(pathlib.Path(folder) / name / "Cargo.toml"),
    }


def needs(name, kind=None):
    return {"name": name, "pkg": f"registry+x#{name}@1.0.0", "dep_kinds": [{"kind": kind, "target": None}]}


class Sbom(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        names = {"hubu-core": "Apache-2.0", "linked": "MIT/Apache-2.0", "builder": "MIT", "tester": "MIT"}
        self.metadata = {
            "packages": [package(n, "1.0.0", l, self.folder.name) for n, l in names.items()],
            "resolve": {
                "nodes": [
                    {
                        "id": "registry+x#hubu-core@1.0.0",
                        "deps": [needs("linked"), needs("builder", "build"), needs("tester", "dev")],
                    },
                    {"id": "registry+x#linked@1.0.0", "deps": []},
                    {"id": "registry+x#builder@1.0.0", "deps": []},
                    {"id": "registry+x#tester@1.0.0", "deps": []},
                ]
            },
        }
        self.linked = sbom.crates_of("hubu-core v1.0.0 (/somewhere)\nlinked v1.0.0\nlinked v1.0.0 (*)\n")
        self.built = self.linked | sbom.crates_of("builder v1.0.0 (proc-macro)\n")
        self.lock = {"package": [{"name": "linked", "version": "1.0.0", "checksum": "ab" * 32}]}

    def make(self, **changes):
        inputs = {
            "metadata": self.metadata,
            "linked": self.linked,
            "built": self.built,
            "lock": self.lock,
            "crate": "hubu-core",
            "name": "hubu",
            "target": "loongarch64-unknown-linux-musl",
            "commit": "0123456789ab",
            "time": 1_700_000_000,
            "also": ["musl=1.2.5=MIT"],
        }
        return sbom.sbom(**{**inputs, **changes})

    def test_what_is_linked_is_told_from_what_only_builds(self):
        scopes = {part["name"]: part["scope"] for part in self.make()["components"]}
        self.assertEqual(scopes, {"linked": "required", "builder": "excluded", "musl": "required"})

    def test_components_have_licence_and_checksum(self):
        part = next(part for part in self.make()["components"] if part["name"] == "linked")
        self.assertEqual(part["licenses"], [{"expression": "MIT OR Apache-2.0"}])
        self.assertEqual(part["hashes"], [{"alg": "SHA-256", "content": "ab" * 32}])
        self.assertEqual(part["purl"], "pkg:cargo/linked@1.0.0")
        self.assertEqual(part["description"], "The crate linked")

    def test_the_graph_leaves_tests_out(self):
        edge = next(e for e in self.make()["dependencies"] if e["ref"] == "pkg:cargo/hubu-core@1.0.0")
        self.assertEqual(
            edge["dependsOn"], ["musl@1.2.5", "pkg:cargo/builder@1.0.0", "pkg:cargo/linked@1.0.0"]
        )

    def test_the_same_content_is_the_same_document(self):
        self.assertEqual(json.dumps(self.make()), json.dumps(self.make()))
        self.assertNotEqual(self.make()["serialNumber"], self.make(commit="other")["serialNumber"])
        self.assertEqual(self.make()["metadata"]["timestamp"], "2023-11-14T22:13:20Z")

    def test_a_crate_without_a_licence_is_refused(self):
        self.metadata["packages"][1]["license"] = None
        with self.assertRaisesRegex(sbom.Wrong, "linked 1.0.0 names no licence"):
            self.make()

    def test_inputs_that_do_not_fit_are_refused(self):
        with self.assertRaisesRegex(sbom.Wrong, "0 crates hubu-load"):
            self.make(crate="hubu-load")
        with self.assertRaisesRegex(sbom.Wrong, "stranger"):
            self.make(linked=self.linked | {("stranger", "1.0.0")})
        with self.assertRaisesRegex(sbom.Wrong, "NAME=VERSION=LICENCE"):
            self.make(also=["musl"])
        with self.assertRaisesRegex(sbom.Wrong, "no crate in this line"):
            sbom.crates_of("what is this\n")

    def test_the_list_has_a_line_each(self):
        lines = sbom.licence_list(self.make()).splitlines()
        self.assertIn("linked\t1.0.0\tMIT OR Apache-2.0\tyes", lines)
        self.assertIn("builder\t1.0.0\tMIT\tno, only while it was built", lines)
        self.assertIn("musl\t1.2.5\tMIT\tyes", lines)

    def test_texts_are_gathered_once(self):
        for name in ("hubu-core", "linked", "builder"):
            folder = pathlib.Path(self.folder.name) / name
            folder.mkdir()
            (folder / "LICENSE-MIT").write_text("Do as you like.\n")
            (folder / "lib.rs").write_text("code")
        text = sbom.licence_texts(self.metadata, self.linked)
        self.assertEqual(text.count("Do as you like."), 1)
        self.assertIn("linked 1.0.0, LICENSE-MIT", text)
        self.assertNotIn("builder", text)


if __name__ == "__main__":
    unittest.main()
