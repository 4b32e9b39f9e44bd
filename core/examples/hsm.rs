//! Seals a journal with a key that never leaves its device (密码机, HSM), through PKCS #11.
//!
//! ```text
//! scripts/hsm                                          all of it, against softhsm2
//! HSM_PIN=... cargo run --example hsm -- MODULE LABEL  against the token of that label
//! ```
//!
//! SoftHSM knows no SM2, so this shows Ed25519 (CKM_EDDSA). A device with SM2 differs in two places: the mechanism of its
//! maker in `sign` (SM2 signatures have no number in PKCS #11 itself), and `PublicKey::from_sm2_point` in `open`. Whether
//! such a mechanism hashes the message or wants the digest over identity and message, its manual says; what comes out is
//! checked against the public key before it becomes a seal, so a wrong guess shows at once.

use std::error::Error;
use std::path::Path;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use hubu_core::catalog::sources::Sources;
use hubu_core::cipher::{CipherError, PublicKey, SIGNATURE_BYTES, Signer};
use hubu_core::clock::Clock;
use hubu_core::engine::Engine;
use hubu_core::engine::open::Options;
use hubu_core::journal::{JournalReader, Settings, open_journal, open_reader};
use hubu_core::seal::{Checker, Order, make_seals};

const CELL: u64 = 1;
/// 2026-03-03 09:00 in Beijing.
const MARCH_3_MS: u64 = 1_772_499_600_000;

const KEY_LABEL: &[u8] = b"hubu-seal";

/// The curve's name as SoftHSM 2.6 wants it: a PrintableString, "edwards25519".
const EDWARDS25519: &[u8] = b"\x13\x0cedwards25519";

/// A key in a token.
struct DeviceKey {
    session: Session,
    private: ObjectHandle,
    public: PublicKey,
}

impl DeviceKey {
    /// Finds the key of our label in the token, or has the device make it. Generated as sensitive and not extractable.
    fn open(session: Session) -> Result<Self, Box<dyn Error>> {
        let find = |class| {
            let wanted = [
                Attribute::Class(class),
                Attribute::Label(KEY_LABEL.to_vec()),
            ];
            session
                .find_objects(&wanted)
                .map(|found| found.first().copied())
        };
        let found = (
            find(ObjectClass::PUBLIC_KEY)?,
            find(ObjectClass::PRIVATE_KEY)?,
        );
        let (public, private) = match found {
            (Some(public), Some(private)) => (public, private),
            _ => session.generate_key_pair(
                &Mechanism::EccEdwardsKeyPairGen,
                &[
                    Attribute::Token(true),
                    Attribute::Private(false),
                    Attribute::Verify(true),
                    Attribute::Label(KEY_LABEL.to_vec()),
                    Attribute::EcParams(EDWARDS25519.to_vec()),
                ],
                &[
                    Attribute::Token(true),
                    Attribute::Private(true),
                    Attribute::Sensitive(true),
                    Attribute::Extractable(false),
                    Attribute::Sign(true),
                    Attribute::Label(KEY_LABEL.to_vec()),
                ],
            )?,
        };
        let attributes = session.get_attributes(public, &[AttributeType::EcPoint])?;
        let Some(Attribute::EcPoint(point)) = attributes.first() else {
            return Err("the device shows no public key".into());
        };
        // The standard wants the point in an OCTET STRING; some devices give it bare.
        let bare = point.strip_prefix(b"\x04\x20");
        let bytes: &[u8; 32] = bare.unwrap_or(point).try_into()?;
        let public = PublicKey::from_ed25519_bytes(bytes)?;
        Ok(Self {
            session,
            private,
            public,
        })
    }
}

impl Signer for DeviceKey {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_BYTES], CipherError> {
        let failed = |words: String| CipherError::Signing(words);
        let mechanism = Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Pure));
        let signature = self.session.sign(&mechanism, self.private, message);
        let signature = signature.map_err(|error| failed(error.to_string()))?;
        let length = signature.len();
        signature
            .try_into()
            .map_err(|_| failed(format!("the device gave {length} bytes")))
    }
}

/// A journal that began on a day that is over: its secret and its catalog are its first records.
fn write_journal(folder: &Path) -> Result<Box<dyn JournalReader>, Box<dyn Error>> {
    let settings = Settings {
        cell: CELL,
        segment_bytes: 1 << 20,
        ..Settings::default()
    };
    let sources = Sources::read_dir(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../config")))?;
    let place = folder.join("journal").display().to_string();
    let options = Options {
        clock: Clock::manual(MARCH_3_MS),
        ..Options::default()
    };
    let engine = Engine::open(open_journal(&place, &settings)?, &sources, options)?;
    println!("journal: {} records durable", engine.watermark().durable());
    engine.close();
    Ok(open_reader(&place, &settings)?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(module), Some(label)) = (arguments.next(), arguments.next()) else {
        return Err("say: hsm MODULE LABEL, with HSM_PIN in the environment".into());
    };
    let pin = std::env::var("HSM_PIN").map_err(|_| "HSM_PIN is not set")?;
    let device = Pkcs11::new(&module)?;
    device.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))?;
    let mut slot = None;
    for candidate in device.get_slots_with_token()? {
        if device.get_token_info(candidate)?.label().trim() == label {
            slot = Some(candidate);
        }
    }
    let slot = slot.ok_or_else(|| format!("{module} holds no token {label}"))?;
    let session = device.open_rw_session(slot)?;
    session.login(UserType::User, Some(&AuthPin::new(pin.into())))?;
    let key = DeviceKey::open(session)?;
    println!("device: {:?} in token {label}", key.public_key());

    let folder = tempfile::tempdir()?;
    let reader = write_journal(folder.path())?;
    let seals = folder.path().join("seals");
    let order = Order {
        cell: CELL,
        now_ms: Clock::system().now_ms(),
        until: None,
        before: None,
    };
    for seal in make_seals(&*reader, &seals, &key, &order)? {
        println!("sealed by the device: {}", seal.file_name());
        print!("{}", seal.text());
    }

    // What an auditor does: the public key alone, no device.
    let public = PublicKey::from_pem(&key.public_key().to_pem())?;
    let mut checker = Checker::open(&seals, CELL, &[public])?;
    let mut fault = None;
    let report = reader.verify(&mut |batch| {
        fault = checker.take(&batch).err();
        fault.is_none()
    })?;
    if let Some(fault) = fault {
        return Err(fault.into());
    }
    println!(
        "verified without the device: {:?}",
        checker.finish(report.last)?
    );
    Ok(())
}
