//! Signed steps over HTTP: what is signed is fetched or made by the client, the step is taken with it, and
//! every wrong signature has its own problem.
#![cfg(feature = "server")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on ends here"
)]

mod http_support;

use base64ct::{Base64, Encoding};
use http_support::*;
use hubu_core::access::Claims;
use hubu_core::catalog::sources::Sources;
use hubu_core::cipher::{Algorithm, PrivateKey, Signer};
use hubu_core::signing::register::{Holder, Register, Signers};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

const HEAD: Who<'static> = Who("head", "agency_head", COUNTY, Some(AGENCY));
const CENTRE: Who<'static> = Who("centre", "payment_centre", COUNTY, None);

struct Keys {
    head: PrivateKey,
    centre: PrivateKey,
    stranger: PrivateKey,
    late: PrivateKey,
}

/// A server whose payments are signed and sealed by signature, and the officials' keys.
fn serving() -> (Serving, Keys) {
    let made = |algorithm| PrivateKey::generate(algorithm).unwrap();
    let keys = Keys {
        head: made(Algorithm::Ed25519),
        centre: made(Algorithm::Sm2),
        stranger: made(Algorithm::Sm2),
        late: made(Algorithm::Sm2),
    };
    let mut signers = Signers::default();
    for (person, key, until) in [
        ("head", &keys.head, None),
        ("centre", &keys.centre, None),
        ("centre", &keys.late, Some(0)),
    ] {
        let holder = Holder {
            person: person.into(),
            key: key.public_key().clone(),
            from: 0,
            until,
        };
        signers.add(holder).unwrap();
    }
    let register = Arc::new(Register::fixed(signers));
    let serving = serve_of(signed_sources(), |options| options.signers = register);
    (serving, keys)
}

fn signed_sources() -> Sources {
    let mut sources = sources();
    let path = "documents/payment.toml";
    let text = sources.get(path).unwrap();
    let text = text.replace("zh = \"签发\"\n", "zh = \"签发\"\nsignature = true\n");
    let text = text.replace("zh = \"签章\"\n", "zh = \"签章\"\nsignature = [\"sm2\"]\n");
    sources.insert(path, text);
    sources
}

/// A payment that was reviewed; its id.
fn reviewed(serving: &Serving) -> String {
    let row = serving.load(AGENCY);
    let reply = serving
        .client(CLERK)
        .ask("/v1/documents", &payment(&row, "12.30"));
    assert_eq!(reply.status, 201, "{reply:?}");
    let id = reply.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/documents/{id}/actions/review");
    let body = json!({"fields": {"alerts_blocking": 0}});
    assert_eq!(serving.client(REVIEWER).ask(&path, &body).status, 200);
    id
}

fn sign_fields() -> Value {
    json!({"alerts_unattached": 0})
}

fn seal_fields() -> Value {
    json!({"certificate_valid": true})
}

/// The statement of a step.
fn statement(client: &mut Client, id: &str, step: &str, fields: &Value) -> Value {
    let reply = client.ask(
        &format!("/v1/documents/{id}/signing/{step}"),
        &json!({ "fields": fields }),
    );
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

fn signature(key: &PrivateKey, form: &[u8]) -> Value {
    json!({
        "key": key.public_key().fingerprint(),
        "algorithm": key.public_key().algorithm().name(),
        "value": Base64::encode_string(&key.sign(form).unwrap()),
    })
}

fn form(statement: &Value) -> Vec<u8> {
    Base64::decode_vec(statement["form"].as_str().unwrap()).unwrap()
}

/// Takes the step with a good signature.
fn take(
    serving: &Serving,
    who: Who<'_>,
    key: &PrivateKey,
    id: &str,
    (step, fields): (&str, Value),
) {
    let mut client = serving.client(who);
    let form = form(&statement(&mut client, id, step, &fields));
    let body = json!({"fields": fields, "signature": signature(key, &form)});
    let reply = client.ask(&format!("/v1/documents/{id}/actions/{step}"), &body);
    assert_eq!(reply.status, 200, "{reply:?}");
}

#[test]
fn a_payment_is_signed_and_sealed_and_shows_by_whom() {
    let (serving, keys) = serving();
    let id = reviewed(&serving);
    take(&serving, HEAD, &keys.head, &id, ("sign", sign_fields()));
    take(&serving, CENTRE, &keys.centre, &id, ("seal", seal_fields()));

    let mut client = serving.client(CLERK);
    let found = client.get(&format!("/v1/documents/{id}")).json();
    let signatures = found["signatures"].as_array().unwrap();
    let told: Vec<[&str; 3]> = signatures
        .iter()
        .map(|s| ["signer", "algorithm", "transition"].map(|name| s[name].as_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [["head", "ed25519", "sign"], ["centre", "sm2", "seal"]]
    );
    assert_eq!(signatures[1]["version"], 3);
    let public = Base64::decode_vec(signatures[1]["public_key"].as_str().unwrap()).unwrap();
    assert_eq!(public, keys.centre.public_key().spki_der());

    // The trace and the feed tell the same.
    let trace = client.get(&format!("/v1/documents/{id}/trace")).json();
    assert_eq!(
        trace["records"][3]["signature"]["value"],
        signatures[1]["value"]
    );
    assert!(trace["records"][1].get("signature").is_none());
    let feed = client.get("/v1/events?after=0&limit=100").json();
    let events = feed["events"].as_array().unwrap();
    let signed: Vec<&Value> = events.iter().filter_map(|e| e.get("signature")).collect();
    assert_eq!(signed.len(), 2);
    assert_eq!(signed[1]["key"], signatures[1]["key"]);
    assert_eq!(signed[1]["seq"], signatures[1]["seq"]);
}

/// The bytes to be signed, made by the client of what the interface shows: docs/signatures.md in another program.
struct Own(Vec<u8>);

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

impl Own {
    fn put(&mut self, text: &str) {
        let length = text.len() as u32;
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(text.as_bytes());
    }

    fn put_all(&mut self, from: &Value, names: &[&str]) {
        names.iter().for_each(|name| self.put(&text(&from[name])));
    }

    fn put_named(&mut self, named: &serde_json::Map<String, Value>, letter: fn(&Value) -> &str) {
        self.put(&named.len().to_string());
        let mut names: Vec<&String> = named.keys().collect();
        names.sort();
        for name in names {
            self.put(name);
            self.put(&format!("{}{}", letter(&named[name]), text(&named[name])));
        }
    }

    fn put_line(&mut self, line: &Value) {
        let cents = text(&line["amount"]).replace('.', "");
        self.put(cents.trim_start_matches('0'));
        for (row, dims) in [("row", "dims"), ("to_row", "to")] {
            self.put(&text(&line[row]));
            self.put_named(line[dims].as_object().unwrap(), |_| "");
        }
        self.put(&text(&line["month"]));
        self.put_named(line["fields"].as_object().unwrap(), kind);
    }
}

/// The letter of a value; up to here a payment has neither amounts nor days among its fields.
fn kind(value: &Value) -> &str {
    match value {
        Value::String(_) => "t",
        Value::Bool(_) => "f",
        _ => "i",
    }
}

fn own_form(
    statement: &Value,
    document: &Value,
    (step, signer): (&str, &str),
    fields: &Value,
) -> Vec<u8> {
    let part = |label: &str| {
        let parts = statement["parts"].as_array().unwrap();
        let found = parts.iter().find(|part| part["label"] == label).unwrap();
        text(&found["text"])
    };
    let mut own = Own(Vec::new());
    own.put("hubu document signature 1");
    own.put(&part("cell"));
    own.put(&part("catalog"));
    own.put_all(document, &["type", "id", "number", "version", "state"]);
    own.put(step);
    own.put(signer);
    own.put_all(document, &["division", "fiscal_year", "agency", "creator"]);
    let links = document["links"].as_array().unwrap();
    own.put(&links.len().to_string());
    links.iter().for_each(|link| own.put(&text(link)));
    let mut all = document["fields"].as_object().unwrap().clone();
    all.extend(fields.as_object().unwrap().clone());
    own.put_named(&all, kind);
    let lines = document["lines"].as_array().unwrap();
    own.put(&lines.len().to_string());
    lines.iter().for_each(|line| own.put_line(line));
    own.0
}

#[test]
fn the_client_makes_the_bytes_itself_of_what_it_is_shown() {
    let (serving, keys) = serving();
    let id = reviewed(&serving);
    take(&serving, HEAD, &keys.head, &id, ("sign", sign_fields()));
    let mut client = serving.client(CENTRE);
    let told = statement(&mut client, &id, "seal", &seal_fields());
    let document = client.get(&format!("/v1/documents/{id}")).json();
    let own = own_form(&told, &document, ("seal", "centre"), &seal_fields());
    assert_eq!(own, form(&told));
    let digest = hubu_core::signing::digest(&own);
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(told["sm3"], digest);
    let body = json!({"fields": seal_fields(), "signature": signature(&keys.centre, &own)});
    let reply = client.ask(&format!("/v1/documents/{id}/actions/seal"), &body);
    assert_eq!(reply.status, 200, "{reply:?}");
}

#[test]
fn each_wrong_signature_has_its_problem() {
    let (serving, keys) = serving();
    let id = reviewed(&serving);
    take(&serving, HEAD, &keys.head, &id, ("sign", sign_fields()));
    let mut client = serving.client(CENTRE);
    let form = form(&statement(&mut client, &id, "seal", &seal_fields()));
    let path = format!("/v1/documents/{id}/actions/seal");
    let good = signature(&keys.centre, &form);
    let with = |name: &str, value: Value| {
        let mut changed = good.clone();
        changed[name] = value;
        changed
    };
    let zeros = Base64::encode_string(&[0; 64]);
    let other_form = signature(&keys.centre, b"something else");
    for (signature, status, code) in [
        (Value::Null, 422, "signature_missing"),
        (with("value", json!("!")), 422, "value"),
        (with("value", json!(zeros)), 422, "signature_form"),
        (with("value", json!("AAAA")), 422, "signature_form"),
        (with("algorithm", json!("ed25519")), 422, "signature_form"),
        (with("colour", json!("red")), 422, "body_form"),
        (signature(&keys.stranger, &form), 403, "signer_unknown"),
        (with("key", json!("x")), 403, "signer_unknown"),
        (signature(&keys.late, &form), 403, "signature_key"),
        (signature(&keys.head, &form), 422, "signature_form"),
        (other_form, 403, "signature_unfit"),
    ] {
        let mut body = json!({ "fields": seal_fields() });
        if !signature.is_null() {
            body["signature"] = signature.clone();
        }
        let reply = client.post(&path, "one-key", &body);
        assert_eq!(
            (reply.status, &*reply.code()),
            (status, code),
            "{signature}"
        );
        assert!(reply.json().get("seq").is_none(), "nothing was decided");
    }
    // Somebody else of the same role can't use the centre's signature: he is not the signer.
    let mut other = serving.client(Who("centre-2", "payment_centre", COUNTY, None));
    let body = json!({"fields": seal_fields(), "signature": good});
    assert_eq!(other.ask(&path, &body).code(), "signer_other");
    // The key that all of them had is not spent.
    let reply = client.post(&path, "one-key", &body);
    assert_eq!(reply.status, 200, "{reply:?}");
    let again = client.post(&path, "one-key", &body);
    assert_eq!((again.status, again.json()), (200, reply.json()));
    let mut resigned = body.clone();
    resigned["signature"]["value"] = json!(Base64::encode_string(&[9; 64]));
    assert_eq!(
        client.post(&path, "one-key", &resigned).code(),
        "key_reused"
    );
}

#[test]
fn what_is_signed_is_told_to_whom_the_step_is_allowed() {
    let (serving, _) = serving();
    let id = reviewed(&serving);
    let path = format!("/v1/documents/{id}/signing/sign");
    let body = json!({ "fields": sign_fields() });
    assert_eq!(
        serving.client(CLERK).ask(&path, &body).code(),
        "role_denied"
    );
    let far = Who("far", "payment_centre", OTHER_COUNTY, None);
    assert_eq!(serving.client(far).ask(&path, &body).code(), "not_found");
    let mut head = serving.client(HEAD);
    // The step asks for a field, and so does what is signed for it.
    assert_eq!(head.ask(&path, &json!({})).code(), "field_missing");
    let sealing = format!("/v1/documents/{id}/signing/seal");
    let mut centre = serving.client(CENTRE);
    let early = centre.ask(&sealing, &json!({ "fields": seal_fields() }));
    assert_eq!(early.code(), "type_unknown", "it is not signed yet");
    assert_eq!(head.ask("/v1/documents/9/signing/sign", &body).status, 404);
    assert_eq!(
        head.ask(&path, &json!({"signature": {}})).code(),
        "body_form"
    );
    assert_eq!(head.ask(&path, &body).json()["signer"], "head");
}

#[test]
fn a_delegate_signs_and_the_record_says_on_whose_behalf() {
    let (serving, keys) = serving();
    let id = reviewed(&serving);
    take(&serving, HEAD, &keys.head, &id, ("sign", sign_fields()));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let until = now.as_secs() + 600;
    let deputy = |person| Claims {
        delegated_by: Some("chief".into()),
        delegated_until: Some(until),
        iat: Some(now.as_secs()),
        ..Serving::claims(Who(person, "payment_centre", COUNTY, None), until)
    };
    let mut client = serving.client_with(&serving.sign(&deputy("centre")));
    let told = statement(&mut client, &id, "seal", &seal_fields());
    assert_eq!(told["signer"], "centre");
    let document = client.get(&format!("/v1/documents/{id}")).json();
    let own = own_form(&told, &document, ("seal", "centre"), &seal_fields());
    assert_eq!(own, form(&told));
    let path = format!("/v1/documents/{id}/actions/seal");
    let body = json!({"fields": seal_fields(), "signature": signature(&keys.centre, &own)});
    // Another deputy of the same chief has no use for it.
    let mut other = serving.client_with(&serving.sign(&deputy("centre-2")));
    assert_eq!(other.ask(&path, &body).code(), "signer_other");
    assert_eq!(client.ask(&path, &body).status, 200);

    let trace = client.get(&format!("/v1/documents/{id}/trace")).json();
    let sealed = &trace["records"][3];
    assert_eq!(sealed["signature"]["signer"], "centre");
    assert_eq!(
        (&sealed["actor"], &sealed["on_behalf_of"]),
        (&json!("centre"), &json!("chief"))
    );
    assert_eq!(trace["document"]["signatures"][1]["signer"], "centre");
}

#[test]
fn batches_carry_signatures() {
    let (serving, keys) = serving();
    let id = reviewed(&serving);
    let mut head = serving.client(HEAD);
    let form = form(&statement(&mut head, &id, "sign", &sign_fields()));
    let act = |signature: Value| json!({"document": id, "transition": "sign", "fields": sign_fields(), "signature": signature});
    let command = |key: &str, signature| json!({"key": key, "act": act(signature)});
    let wrong = signature(&keys.head, b"something else");
    let good = signature(&keys.head, &form);
    let atomic = json!({"atomic": true, "commands": [command("a", wrong.clone())]});
    let refused = head.send(
        "POST",
        "/v1/batches",
        "Content-Type: application/json\r\n",
        atomic.to_string().as_bytes(),
    );
    assert_eq!(refused.code(), "signature_unfit");
    assert_eq!(refused.json()["index"], 0);
    // More than fit one turn, each judged alone; the good one comes last.
    let mut commands: Vec<Value> = (0..20)
        .map(|n| command(&format!("b{n}"), wrong.clone()))
        .collect();
    commands.push(command("good", good));
    let reply = head.send(
        "POST",
        "/v1/batches",
        "Content-Type: application/json\r\n",
        json!({ "commands": commands }).to_string().as_bytes(),
    );
    let results = reply.json()["results"].as_array().unwrap().clone();
    assert_eq!(results.len(), 21);
    assert!(
        results[..20]
            .iter()
            .all(|r| r["problem"]["code"] == "signature_unfit")
    );
    assert_eq!(results[20]["answer"]["state"], "signed", "{}", results[20]);
}

#[test]
fn a_signature_that_is_not_demanded_is_checked_and_kept() {
    let (serving, keys) = serving();
    let row = serving.load(AGENCY);
    let mut body = payment(&row, "1.00");
    let reply = serving.client(CLERK).ask("/v1/documents", &body);
    let id = reply.json()["id"].as_str().unwrap().to_owned();
    body["signature"] = json!({"key": "x", "value": ""});
    assert_eq!(
        serving.client(CLERK).ask("/v1/documents", &body).code(),
        "body_form",
        "an entry has none"
    );
    // The head reviews nothing; whoever reviews may sign where a key is registered as theirs.
    let reviewer = Who("head", "agency_reviewer", COUNTY, Some(AGENCY));
    let fields = json!({"alerts_blocking": 0});
    let mut client = serving.client(reviewer);
    let path = format!("/v1/documents/{id}/actions/review");
    let wrong = json!({"fields": fields, "signature": signature(&keys.head, b"other")});
    assert_eq!(client.ask(&path, &wrong).code(), "signature_unfit");
    take(&serving, reviewer, &keys.head, &id, ("review", fields));
    let found = client.get(&format!("/v1/documents/{id}")).json();
    assert_eq!(found["signatures"][0]["transition"], "review");
}
