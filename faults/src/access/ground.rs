//! The ground: documents of every type in every state, put into the journal by hand; rows; and people's tokens.

use super::place::{Object, Stand, all_objects};
use crate::Outcome;
use hubu_core::access::{Claims, SigningKey};
use hubu_core::catalog::document::{DocumentType, MonthRule};
use hubu_core::catalog::model::Catalog;
use hubu_core::catalog::role::Role;
use hubu_core::catalog::sources::Sources;
use hubu_core::config::Auth;
use hubu_core::engine::Engine;
use hubu_core::engine::open::Options;
use hubu_core::engine::place;
use hubu_core::journal::{Batch, Settings, codec, open_journal, push_record};
use hubu_kernel::document::{Entry, Line};
use hubu_kernel::effect::Phase;
use hubu_kernel::ident::{CatalogVersion, Division, DocumentId, StateId, TypeId, Year};
use hubu_kernel::money::Cents;
use hubu_kernel::record::{Body, Decided, Once, Record};
use hubu_kernel::schedule::Month;
use hubu_testkit::{Site, Wire};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What a document comes to, in 分: within every limit of the small, and beyond it.
pub(super) const AMOUNTS: [i64; 2] = [100, 99_999_999_999];

/// A document of the ground.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Paper {
    pub(super) object: Object,
    pub(super) kind: TypeId,
    pub(super) state: StateId,
    pub(super) fen: i64,
}

/// See the module.
pub(super) struct Ground {
    pub(super) catalog: Arc<Catalog>,
    /// Every document by what it is.
    pub(super) papers: HashMap<Paper, DocumentId>,
}

/// Begins the site's journal and puts the documents into it; nothing serves it yet.
pub(super) fn lay(folder: &Path, config: &Path) -> Outcome<Ground> {
    let place = format!("file:{}", folder.join("data/journal").display());
    let settings = Settings {
        cell: 1,
        segment_bytes: 16 << 20,
        ..Settings::default()
    };
    let sources = Sources::read_dir(config)?;
    let engine = Engine::open(
        open_journal(&place, &settings)?,
        &sources,
        Options::default(),
    )?;
    let catalog = Arc::clone(engine.catalogs().current().1);
    engine.close();
    drop(engine);
    let mut laying = Laying::default();
    for object in all_objects() {
        for kind in &catalog.types {
            laying.lay(object, kind)?;
        }
    }
    let mut journal = open_journal(&place, &settings)?;
    let first = journal.last() + 1;
    journal.append(&Batch {
        first,
        last: journal.last() + laying.papers.len() as u64,
        payload: &laying.payload,
    })?;
    Ok(Ground {
        catalog,
        papers: laying.papers,
    })
}

#[derive(Default)]
struct Laying {
    payload: Vec<u8>,
    papers: HashMap<Paper, DocumentId>,
    counts: HashMap<place::ShardId, u64>,
    numbers: HashMap<(Division, TypeId), u64>,
}

impl Laying {
    fn lay(&mut self, object: Object, kind: &DocumentType) -> Outcome<()> {
        let is_limited = kind.transitions.iter().any(|step| !step.limits.is_empty());
        let amounts = if is_limited {
            &AMOUNTS[..]
        } else {
            &AMOUNTS[..1]
        };
        for (at, _) in kind
            .states
            .iter()
            .enumerate()
            .filter(|(_, state)| !state.terminal)
        {
            for fen in amounts {
                let state = StateId(u8::try_from(at)?);
                self.lay_one(
                    kind,
                    Paper {
                        object,
                        kind: kind.id,
                        state,
                        fen: *fen,
                    },
                )?;
            }
        }
        Ok(())
    }

    fn lay_one(&mut self, kind: &DocumentType, paper: Paper) -> Outcome<()> {
        let division = Division(paper.object.division.parse()?);
        let agency = paper.object.agency_code();
        let shard = place::of_document_of(division, &agency);
        let count = self.counts.entry(shard).or_default();
        *count += 1;
        let document = place::document(shard, *count);
        let number = self.numbers.entry((division, kind.id)).or_default();
        *number += 1;
        let line = Line {
            amount: Cents(paper.fen),
            month: Month::new(3).filter(|_| kind.lines.month == MonthRule::Required),
            ..Line::default()
        };
        let entry = Entry {
            kind: kind.id,
            catalog: CatalogVersion(1),
            division,
            year: Year(2026),
            agency: agency.into(),
            number: *number,
            fields: Vec::new(),
            lines: vec![line],
            links: Vec::new(),
        };
        let record = Record {
            time_ms: now_seconds()? * 1000,
            actor: "ground".into(),
            // A key of its own, as every command has; no client comes to such a one.
            once: Once {
                key: document.0.into(),
                body: 0,
            },
            trace: None,
            body: Body::Decided(Box::new(entered(document, kind, paper.state, entry))),
        };
        let mut bytes = Vec::new();
        codec::encode(&record, &mut bytes);
        push_record(&mut self.payload, &bytes);
        self.papers.insert(paper, document);
        Ok(())
    }
}

/// The record of a document that is entered in this state.
fn entered(document: DocumentId, kind: &DocumentType, state: StateId, entry: Entry) -> Decided {
    Decided {
        document,
        kind: kind.id,
        catalog: CatalogVersion(1),
        transition: None,
        from: kind.initial,
        state,
        version: 1,
        phase: Phase::None,
        terminal: false,
        entry: Some(entry),
        fields: Vec::new(),
        lines: None,
        rows: Vec::new(),
        changes: Vec::new(),
        postings: Vec::new(),
        spawned: Vec::new(),
        warnings: Vec::new(),
        signature: None,
    }
}

/// Makes a row for everything, by the opening of its agency; one of no agency's is the source of it.
pub(super) fn rows(ground: &Ground, site: &Site) -> Outcome<HashMap<Object, String>> {
    let mut rows = HashMap::new();
    let mut objects = all_objects();
    // Agencies first: what is of none comes to be with theirs.
    objects.sort_unstable_by_key(|object| std::cmp::Reverse(object.agency));
    for object in objects {
        let admin = site.token("loader", "system_admin", (object.division, None))?;
        let headers = format!("Authorization: Bearer {admin}\r\n");
        let mut wire = Wire::open(site.address)?;
        if object.agency != 0 {
            let key = format!(
                "{headers}Idempotency-Key: open-{}\r\n",
                object.agency_code()
            );
            let body = opening(object).to_string();
            let reply = wire.ask("POST", "/v1/documents", &key, &body)?;
            if reply.status != 201 {
                return Err(format!("opening: {}", String::from_utf8_lossy(&reply.body)).into());
            }
        }
        let which = match object.agency {
            0 => "&ledger=SRC".into(),
            _ => format!("&ledger=IND&agency={}", object.agency_code()),
        };
        let path = format!("/v1/quotas?division={}{which}", object.division);
        let reply = wire.ask("GET", &path, &headers, "")?;
        let page: Value = serde_json::from_slice(&reply.body)?;
        let row = page["items"][0]["row"].as_str();
        rows.insert(
            object,
            row.ok_or_else(|| format!("no row: {page}"))?.to_owned(),
        );
    }
    assert!(
        rows.len() <= ground.papers.len(),
        "where documents are, rows are"
    );
    Ok(rows)
}

fn opening(object: Object) -> Value {
    let dims = json!({
        "agency_code": object.agency_code(), "fund_type": "1", "source_type": "1", "budget_level": "4",
        "exp_func": "2010101", "office": "001", "dept": "101", "pro_code": format!("{}000000000900", object.division),
        "gov_econ": "50201", "pay_mode": "1", "marks": "00",
    });
    let fields = json!({"planned": "600.00", "procurable": "0.00"});
    json!({
        "type": "opening", "division": object.division, "fiscal_year": 2026, "transition": "load",
        "lines": [{"amount": "1000.00", "month": 3, "dims": dims, "fields": fields}],
    })
}

/// What the site signs tokens with.
pub(super) fn signer(site: &Site) -> Outcome<SigningKey> {
    let auth = Auth {
        hs256_secret_file: site.folder.path().join("data/secret"),
        ..Auth::default()
    };
    Ok(SigningKey::from_settings(&auth)?)
}

/// A token of somebody with this role, whether or not the catalog has it.
pub(super) fn token(signer: &SigningKey, role: &Role, stand: Stand) -> Outcome<String> {
    let claims = Claims {
        sub: format!("{}-{stand:?}", role.name),
        roles: vec![role.name.clone()],
        division: stand.division().to_owned(),
        agency: stand.agency(),
        exp: now_seconds()? + if role.break_glass { 600 } else { 3600 },
        iat: Some(now_seconds()?),
        reason: role.break_glass.then(|| "a trial".to_owned()),
        ..Claims::default()
    };
    Ok(signer.sign(&claims)?)
}

fn now_seconds() -> Outcome<u64> {
    let since: Duration = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(since.as_secs())
}
