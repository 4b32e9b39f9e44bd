//! Signatures from the outside: a register that changes while the server serves, `hubu sign`, and
//! `hubu verify --signatures` on a journal, its backup and what was restored from it.
#![cfg(feature = "server")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on ends here"
)]

mod http_support;
mod site;

use http_support::payment;
use hubu_core::cipher::{Algorithm, PrivateKey, Signer};
use serde_json::{Value, json};
use site::{Site, Wire, load};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The register is looked at every five seconds.
const SOON: Duration = Duration::from_secs(30);

struct Official {
    wire: Wire,
    secret: PathBuf,
    public: String,
    /// Path, key and body of the step taken last.
    last: [String; 3],
}

impl Official {
    fn new(site: &Site, name: &str, role: &str, algorithm: Algorithm) -> Official {
        let key = PrivateKey::generate(algorithm).unwrap();
        let secret = site.folder.path().join(format!("{name}.pem"));
        private(&secret, &key.to_pem().unwrap());
        Official {
            wire: Wire::open(site, &site.token(name, role)),
            secret,
            public: key.public_key().to_pem(),
            last: Default::default(),
        }
    }

    /// Fetches what is signed, signs it with the program, and takes the step.
    fn sign(&mut self, site: &Site, id: &str, step: &str, fields: &Value) -> (u16, Value) {
        let body = json!({ "fields": fields }).to_string();
        let path = format!("/v1/documents/{id}/signing/{step}");
        let (status, statement) = self.wire.ask("POST", &path, "-", &body).unwrap();
        assert_eq!(status, 200, "{statement}");
        let file = site.folder.path().join("statement.json");
        std::fs::write(&file, statement.to_string()).unwrap();
        let signed = run(
            site,
            &[
                "sign",
                "--statement",
                path_of(&file),
                "--private-key",
                path_of(&self.secret),
            ],
        );
        let signature: Value = serde_json::from_str(signed.0.trim()).unwrap();
        assert!(
            signed.1.contains(&format!("transition: {step}")),
            "{}",
            signed.1
        );
        let body = json!({"fields": fields, "signature": signature}).to_string();
        let path = format!("/v1/documents/{id}/actions/{step}");
        let key = format!("{step}-{id}");
        self.last = [path, key, body];
        self.again()
    }

    /// Takes the last step again.
    fn again(&mut self) -> (u16, Value) {
        let [path, key, body] = &self.last;
        self.wire.ask("POST", path, key, body).unwrap()
    }
}

/// Writes what only its owner may read.
fn private(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
}

fn path_of(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Both streams of a command that ends well.
fn run(site: &Site, arguments: &[&str]) -> (String, String) {
    let output = site.command().args(arguments).output().unwrap();
    let said = (
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    );
    assert!(output.status.success(), "{arguments:?}: {said:?}");
    said
}

fn entry(person: &str, public: &str) -> String {
    format!(
        "[[signers]]\nperson = \"{person}\"\nfrom = \"2020-01-01\"\nkey = \"\"\"\n{public}\"\"\"\n"
    )
}

/// Replaces the register as an administrator would: whole or not at all.
fn register(site: &Site, text: &str) {
    let file = site.folder.path().join("data/signers.toml");
    std::fs::write(file.with_extension("new"), text).unwrap();
    std::fs::rename(file.with_extension("new"), &file).unwrap();
}

fn demand_signatures(site: &Site) {
    let file = site
        .folder
        .path()
        .join("data/catalog/documents/payment.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let step = "zh = \"签章\"\n";
    assert!(text.contains(step));
    std::fs::write(
        file,
        text.replace(step, &format!("{step}signature = true\n")),
    )
    .unwrap();
}

/// A payment that waits to be sealed.
fn waiting(site: &Site, row: &str, name: &str) -> String {
    let ask = |person: &str, role: &str, path: &str, body: &Value| {
        let mut wire = Wire::open(site, &site.token(person, role));
        let (status, answer) = wire
            .ask("POST", path, &format!("{name}-{person}"), &body.to_string())
            .unwrap();
        assert!(status < 300, "{answer}");
        answer["id"].as_str().unwrap().to_owned()
    };
    let id = ask(
        "clerk",
        "agency_clerk",
        "/v1/documents",
        &payment(row, "1.00"),
    );
    let step = |step: &str| format!("/v1/documents/{id}/actions/{step}");
    let fields = json!({"fields": {"alerts_blocking": 0}});
    ask("reviewer", "agency_reviewer", &step("review"), &fields);
    let fields = json!({"fields": {"alerts_unattached": 0}});
    ask("head", "agency_head", &step("sign"), &fields);
    id
}

/// Nobody may sign yet; once the register says so, without a restart; and no more once it does not.
fn register_changes(site: &Site, centre: &mut Official, (one, two): (&str, &str)) {
    let seal = json!({"certificate_valid": true});
    let (status, problem) = centre.sign(site, one, "seal", &seal);
    assert_eq!((status, &problem["code"]), (403, &json!("signer_unknown")));
    register(site, &entry("centre", &centre.public));
    await_words(site, "keys=1");
    let (status, answer) = centre.sign(site, one, "seal", &seal);
    assert_eq!(status, 200, "{answer}");
    register(site, "this is no register");
    await_words(site, "the register of signers stays as it was");
    assert_eq!(centre.again(), (200, answer), "the first answer again");
    register(site, "");
    await_words(site, "read anew keys=0");
    let (status, problem) = centre.sign(site, two, "seal", &seal);
    assert_eq!((status, &problem["code"]), (403, &json!("signer_unknown")));
}

fn await_words(site: &Site, words: &str) {
    let until = Instant::now() + SOON;
    while !site.said().contains(words) {
        assert!(Instant::now() < until, "{}", site.said());
        std::thread::sleep(Duration::from_millis(100));
    }
}

const CONFIG: [&str; 2] = ["--config", "data/hubu.toml"];

fn verify(site: &Site, more: &[&str]) -> String {
    let mut arguments = vec!["verify", CONFIG[0], CONFIG[1], "--signatures"];
    arguments.extend(more);
    run(site, &arguments).0
}

/// The journal alone tells that the signature fits; with a register also that the key is the signer's.
fn check_offline(site: &Site, centre: &Official) {
    assert!(verify(site, &[]).contains("signatures 1  good 1  missing 0"));
    let known = site.folder.path().join("known.toml");
    std::fs::write(&known, entry("centre", &centre.public)).unwrap();
    assert!(verify(site, &["--signers", path_of(&known)]).contains("good 1"));
    std::fs::write(&known, entry("someone", &centre.public)).unwrap();
    let mut command = site.command();
    command.args(["verify", CONFIG[0], CONFIG[1], "--signatures"]);
    let output = command
        .args(["--signers", path_of(&known)])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("not registered as the signer's"), "{said}");
}

#[test]
fn signatures_are_taken_and_checked_offline_in_every_copy_of_the_journal() {
    let site = Site::new(&[("HUBU_SIGNATURES_SIGNERS_FILE", "signers.toml")]);
    demand_signatures(&site);
    register(&site, "");
    let server = site.serve();
    let row = load(&site);
    let mut centre = Official::new(&site, "centre", "payment_centre", Algorithm::Sm2);
    let (one, two) = (waiting(&site, &row, "one"), waiting(&site, &row, "two"));

    register_changes(&site, &mut centre, (&one, &two));
    drop(server);
    check_offline(&site, &centre);

    // A backup has them, and what is restored from it.
    let backup = site.folder.path().join("backup");
    run(
        &site,
        &["backup", CONFIG[0], CONFIG[1], "--to", path_of(&backup)],
    );
    let other = site.beside();
    run(
        &other,
        &["restore", CONFIG[0], CONFIG[1], "--from", path_of(&backup)],
    );
    assert!(verify(&other, &[]).contains("signatures 1  good 1  missing 0"));
    // Its server needs a register of its own.
    register(&other, "");
    let _server = other.serve();
    let mut clerk = Wire::open(&other, &other.token("clerk", "agency_clerk"));
    let (_, found) = clerk
        .ask("GET", &format!("/v1/documents/{one}"), "-", "")
        .unwrap();
    assert_eq!(found["signatures"][0]["signer"], "centre", "{found}");
}

#[test]
fn hubu_sign_signs_what_it_shows_and_nothing_else() {
    let site = Site::new(&[]);
    let key = PrivateKey::generate(Algorithm::Ed25519).unwrap();
    let at = |name: &str| site.folder.path().join(name);
    private(&at("key.pem"), &key.to_pem().unwrap());
    std::fs::write(at("public.pem"), key.public_key().to_pem()).unwrap();
    let parts = json!([{"label": "form", "text": "one"}, {"label": "signer", "text": "wang"}]);
    // Others may read the key; then a text that would write over what stands above it on the screen.
    let screen = json!({"parts": [{"label": "金额\u{1b}[1A", "text": "王\r1.00"}]}).to_string();
    std::fs::write(at("screen.json"), screen).unwrap();
    let sign = || {
        let mut command = site.command();
        command.args(["sign", "--statement", "screen.json"]);
        let command = command.args(["--private-key", "key.pem"]);
        let output = command.output().unwrap();
        (
            output.status.success(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    std::fs::set_permissions(at("key.pem"), Permissions::from_mode(0o644)).unwrap();
    let (is_signed, said) = sign();
    assert!(!is_signed && said.contains("chmod 600"), "{said}");
    std::fs::set_permissions(at("key.pem"), Permissions::from_mode(0o600)).unwrap();
    let (is_signed, said) = sign();
    assert!(is_signed, "{said}");
    assert!(said.contains("金额\\u{1b}[1A: 王\\r1.00"), "{said}");
    let statement = |form: &str| json!({"form": form, "parts": parts}).to_string();
    // 00000003 "one" 00000004 "wang"
    std::fs::write(at("good.json"), statement("AAAAA29uZQAAAAR3YW5n")).unwrap();
    std::fs::write(at("bad.json"), statement("AAAAA29uZQAAAAR3YW5v")).unwrap();
    let (signature, shown) = run(
        &site,
        &[
            "sign",
            "--statement",
            "good.json",
            "--private-key",
            "key.pem",
        ],
    );
    assert!(shown.contains("signer: wang"), "{shown}");
    std::fs::write(at("signature.json"), &signature).unwrap();
    let check = |statement: &str| {
        let mut command = site.command();
        command.args([
            "sign",
            "--statement",
            statement,
            "--check",
            "signature.json",
        ]);
        command
            .args(["--public-key", "public.pem"])
            .output()
            .unwrap()
    };
    assert!(check("good.json").status.success());
    let cheated = check("bad.json");
    assert!(String::from_utf8_lossy(&cheated.stderr).contains("do not sign"));
    let other = json!({"parts": [{"label": "form", "text": "two"}]}).to_string();
    std::fs::write(at("other.json"), other).unwrap();
    let unfit = check("other.json");
    assert_eq!(unfit.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&unfit.stderr).contains("does not fit"));
}
