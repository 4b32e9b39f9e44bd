//! Sensitive fields (敏感字段): values that stand as ciphertext wherever the journal's bytes go, and are shown in full to
//! some roles alone.
//!
//! The engine seals a command's sensitive values before their record is made, so that the kernel, replay and digests see
//! bytes and need no key; only showing, and the few guards that look at such a field, open them. docs/fields.md says what
//! this stops, what it does not, and how keys are changed and destroyed.
//!
//! Reading order: [`key`] is one key, [`keyring`] all of them, [`folder`] where they stand; [`place`] is what a value is
//! bound to, [`sealed`] its bytes; [`mask`] is what is shown instead.

pub mod error;
pub mod folder;
pub mod key;
pub mod keyring;
pub mod mask;
pub mod place;
pub mod sealed;
