//! What an official signs before a step is taken, and signatures as they come in and go out.

use std::sync::Arc;

use base64ct::{Base64, Encoding};
use hubu_kernel::signature::{Signature, Signed};
use hyper::StatusCode;
use hyper::body::Incoming;
use hyper::http::request::Parts;

use super::admission::Purpose;
use super::document;
use super::error::HttpError;
use super::head;
use super::problem::Problem;
use super::resolve;
use super::respond::Reply;
use super::session::Session;
use super::submit::settle;
use super::wire::answer::Id;
use super::wire::sign::{PartView, SignatureBody, SignatureView, SigningBody, SigningView};
use super::worker::Worker;
use crate::catalog::document::DocumentType;
use crate::cipher::to_hex;
use crate::engine::actor::Actor;
use crate::engine::error::{FormError, SubmitError};
use crate::signing::{Presented, algorithm_name, digest, public_key};

/// What is signed for a step, as the document stands now and with what the step brings.
///
/// The body is the step's own, without a signature. The answer has the bytes to be signed and the texts
/// that they are made of; docs/signatures.md says how a client makes them itself.
#[utoipa::path(
    post, path = "/v1/documents/{id}/signing/{transition}", tag = "queries", operation_id = "signing",
    request_body = SigningBody,
    params(
        ("id" = String, Path, description = "The document"),
        ("transition" = String, Path, description = "The step, as the document type names it"),
    ),
    responses(
        (status = 200, description = "What is signed", body = SigningView),
        (status = "4XX", description = "Not accepted", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(super) async fn signing(
    worker: &Worker,
    (session, actor): (&Session, Arc<Actor>),
    head: &Parts,
    body: Incoming,
    [id, transition]: [&str; 2],
) -> Result<Reply, HttpError> {
    let received = worker
        .receive((session, &actor), head, body, Purpose::Command)
        .await?;
    if !received.bytes.is_empty() {
        head::expect_json(&head.headers)?;
    }
    let found = document::readable(worker, &actor, id).await?;
    let engine = &worker.app.engine;
    let asked = {
        let body: SigningBody<'_> = match received.bytes.is_empty() {
            true => SigningBody::default(),
            false => serde_json::from_slice(&received.bytes)?,
        };
        let catalog = engine.catalogs().version(found.entry.catalog);
        let kind = catalog.document_type(found.entry.kind);
        let step = resolve::Step {
            name: transition,
            if_match: None,
            fields: &body.fields,
            lines: body.lines.as_deref(),
            signature: None,
        };
        let kind = kind.ok_or(SubmitError::Form(FormError::Kind))?;
        resolve::act(catalog, kind, found.id, step)?
    };
    let (statement, seq) = match engine.statement(&actor, &asked) {
        Ok(found) => found,
        Err(error) => {
            settle(engine, &error).await?;
            return Err(error.into());
        }
    };
    engine.durable(seq).await?;
    let bytes = statement.to_bytes();
    let parts = statement.parts.iter().map(|part| PartView {
        label: &part.label,
        text: &part.text,
    });
    let view = SigningView {
        document: Id(found.id.0),
        transition,
        signer: actor.named().person,
        form: Base64::encode_string(&bytes),
        sm3: to_hex(&digest(&bytes)),
        parts: parts.collect(),
    };
    worker.writer.json(StatusCode::OK, &view)
}

/// A signature as it came.
///
/// # Errors
/// Its value is no base64.
pub(super) fn presented(body: &SignatureBody<'_>) -> Result<Presented, HttpError> {
    let value = Base64::decode_vec(&body.value)
        .map_err(|_| HttpError::value("signature.value", "base64 with padding is wanted"))?;
    Ok(Presented {
        key: (&*body.key).into(),
        algorithm: body.algorithm.as_deref().map(Box::from),
        value: value.into(),
    })
}

/// A signature under a document, as it goes out.
pub(super) fn signed<'a>(kind: &'a DocumentType, signed: &'a Signed) -> SignatureView<'a> {
    SignatureView {
        seq: Id(signed.seq.0),
        version: Some(signed.version),
        transition: kind.transition(signed.transition).map(|step| &*step.name),
        ..signature(&signed.signature, &signed.signer, signed.seq.0)
    }
}

/// A signature in a record, as it goes out; version and step are the record's.
pub(super) fn signature<'a>(signature: &Signature, signer: &'a str, seq: u64) -> SignatureView<'a> {
    let key = public_key(signature);
    SignatureView {
        seq: Id(seq),
        version: None,
        transition: None,
        signer,
        algorithm: algorithm_name(signature.algorithm),
        key: key.map(|key| key.fingerprint()).unwrap_or_default(),
        public_key: Base64::encode_string(&signature.key),
        value: Base64::encode_string(&signature.value),
    }
}
