//! Signatures, and what is signed, as they come in and go out.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::answer::Id;
use super::command::LineBody;
use super::text::{Pairs, Scalar, Text};

/// The signature under a step.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignatureBody<'a> {
    /// The fingerprint of the signer's public key: 16 hex digits.
    #[serde(borrow)]
    #[schema(value_type = String, example = "0123456789abcdef")]
    pub key: Text<'a>,
    /// `sm2` or `ed25519`; the key's own where it is left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "sm2")]
    pub algorithm: Option<Text<'a>>,
    /// The signature in base64: 64 bytes, or SM2's in DER.
    #[schema(value_type = String)]
    pub value: Text<'a>,
}

/// What the step to be signed brings (`POST /v1/documents/{id}/signing/{transition}`).
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SigningBody<'a> {
    /// Fields of the head that the step sets.
    #[serde(borrow, default)]
    #[schema(value_type = Object)]
    pub fields: Pairs<'a, Scalar<'a>>,
    /// New lines, where the step edits them.
    #[serde(default)]
    pub lines: Option<Vec<LineBody<'a>>>,
}

/// One text that is signed.
#[derive(Debug, Serialize, ToSchema)]
pub struct PartView<'a> {
    /// What it is.
    pub label: &'a str,
    /// What is signed.
    pub text: &'a str,
}

/// What is signed.
#[derive(Debug, Serialize, ToSchema)]
pub struct SigningView<'a> {
    /// The document.
    #[schema(value_type = String)]
    pub document: Id,
    /// The step.
    pub transition: &'a str,
    /// Who signs.
    pub signer: &'a str,
    /// The bytes to be signed, in base64.
    pub form: String,
    /// SM3 of those bytes in hex digits: to compare by eye.
    pub sm3: String,
    /// The texts that the bytes are made of, in order: each behind its length (four bytes, big-endian).
    pub parts: Vec<PartView<'a>>,
}

/// A signature that was taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignatureView<'a> {
    /// The record that brought it.
    #[schema(value_type = String)]
    pub seq: Id,
    /// The version that was signed: the one that the step found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// The step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transition: Option<&'a str>,
    /// Who signed.
    pub signer: &'a str,
    /// `sm2` or `ed25519`.
    pub algorithm: &'static str,
    /// The fingerprint of the public key.
    pub key: String,
    /// The public key: SubjectPublicKeyInfo in DER, in base64.
    pub public_key: String,
    /// The signature: 64 bytes in base64.
    pub value: String,
}
