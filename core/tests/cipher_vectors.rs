//! The examples that the standards print, for every cipher that is used: names of crates are no proof.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test may end where it can't go on.

use hubu_core::cipher::{
    Aead, AeadKind, CipherError, PrivateKey, PublicKey, Signer, array_from_hex, from_hex, to_hex,
};
use sm2::pkcs8::{EncodePrivateKey, LineEnding};
use sm3::{Digest, Sm3};
use sm4::Sm4;
use sm4::cipher::{BlockCipherEncrypt, KeyInit};

fn hex(text: &str) -> Vec<u8> {
    let digits: String = text.split_whitespace().collect();
    from_hex(&digits).unwrap()
}

/// GB/T 32918.5-2017, annex A.2: the recommended curve, identity 1234567812345678.
mod gbt_32918_5 {
    pub(crate) const SECRET: &str =
        "3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8";
    pub(crate) const PUBLIC: &str = "04
        09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020
        CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13";
    pub(crate) const MESSAGE: &[u8] = b"message digest";
    pub(crate) const SIGNATURE: &str =
        "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3
        B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA";
}

#[test]
fn sm2_verifies_the_signature_of_gbt_32918_5() {
    use gbt_32918_5::{MESSAGE, PUBLIC, SIGNATURE};
    let key = PublicKey::from_sm2_point(&hex(PUBLIC)).unwrap();
    key.verify(MESSAGE, &hex(SIGNATURE)).unwrap();
    for byte in 0..64 {
        let mut changed = hex(SIGNATURE);
        changed[byte] ^= 1;
        assert!(key.verify(MESSAGE, &changed).is_err(), "byte {byte}");
    }
    let other = key.verify(b"message digesT", &hex(SIGNATURE));
    assert_eq!(other, Err(CipherError::Forged));
}

#[test]
fn sm2_derives_the_public_key_of_gbt_32918_5_and_signs_with_it() {
    use gbt_32918_5::{MESSAGE, PUBLIC, SECRET, SIGNATURE};
    let secret = sm2::SecretKey::from_slice(&hex(SECRET)).unwrap();
    let key = PrivateKey::from_pem(&secret.to_pkcs8_pem(LineEnding::LF).unwrap()).unwrap();
    let public = PublicKey::from_sm2_point(&hex(PUBLIC)).unwrap();
    assert_eq!(*key.public_key(), public);
    // The standard draws its k at random; ours comes from key and message, so the signature is another and as good.
    let signature = key.sign(MESSAGE).unwrap();
    assert_ne!(signature.as_slice(), hex(SIGNATURE));
    assert_eq!(signature, key.sign(MESSAGE).unwrap());
    public.verify(MESSAGE, &signature).unwrap();
}

#[test]
fn sm2_refuses_what_gbt_32918_2_says_in_its_first_steps() {
    // GB/T 32918.2-2016, 7.1, B1 and B2: r and s in [1, n-1]; B5: t = r + s is not zero modulo n.
    let key = PublicKey::from_sm2_point(&hex(gbt_32918_5::PUBLIC)).unwrap();
    let n = "FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123";
    let n_less_1 = "FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54122";
    let (zero, one) = ("00".repeat(32), format!("{}01", "00".repeat(31)));
    for (r, s) in [(&*zero, &*one), (&one, &zero), (n, &one), (&one, n)] {
        let refused = key.verify(b"", &hex(&format!("{r}{s}")));
        assert!(matches!(refused, Err(CipherError::Signature(_))), "{r} {s}");
    }
    let t_zero = key.verify(b"", &hex(&format!("{one}{n_less_1}")));
    assert_eq!(t_zero, Err(CipherError::Forged));
    for length in [0, 63, 65, 72] {
        assert!(key.verify(b"", &vec![1; length]).is_err(), "{length} bytes");
    }
    // A point that is not on the curve is no key.
    let mut off = hex(gbt_32918_5::PUBLIC);
    off[64] ^= 1;
    assert!(PublicKey::from_sm2_point(&off).is_err());
}

#[test]
fn sm3_gives_the_digests_of_gbt_32905() {
    // GB/T 32905-2016, annex A.1 and A.2.
    assert_eq!(
        to_hex(&Sm3::digest(b"abc")),
        "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    );
    assert_eq!(
        to_hex(&Sm3::digest(b"abcd".repeat(16))),
        "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"
    );
}

/// GB/T 32907-2016, annex A: key and plain text are the same.
const SM4_SAMPLE: &str = "0123456789ABCDEFFEDCBA9876543210";

#[test]
fn sm4_encrypts_the_block_of_gbt_32907() {
    let cipher = Sm4::new_from_slice(&hex(SM4_SAMPLE)).unwrap();
    let mut block: sm4::cipher::common::Block<Sm4> = hex(SM4_SAMPLE).as_slice().try_into().unwrap();
    cipher.encrypt_block(&mut block);
    assert_eq!(to_hex(&block), "681edf34d206965e86b3e94f536e4246");
}

#[test]
fn sm4_encrypts_the_block_of_gbt_32907_a_million_times() {
    let cipher = Sm4::new_from_slice(&hex(SM4_SAMPLE)).unwrap();
    let mut block: sm4::cipher::common::Block<Sm4> = hex(SM4_SAMPLE).as_slice().try_into().unwrap();
    for _ in 0..1_000_000 {
        cipher.encrypt_block(&mut block);
    }
    assert_eq!(to_hex(&block), "595298c7c6fd271f0402f804c33d3f66");
}

/// One example of authenticated encryption.
struct Sealed {
    kind: AeadKind,
    key: &'static str,
    nonce: &'static str,
    aad: &'static str,
    plain: &'static str,
    sealed: &'static str,
    tag: &'static str,
}

const AEAD: [Sealed; 4] = [
    // RFC 8998, appendix A.1.
    Sealed {
        kind: AeadKind::Sm4Gcm,
        key: "0123456789ABCDEFFEDCBA9876543210",
        nonce: "00001234567800000000ABCD",
        aad: "FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2",
        plain: "AAAAAAAAAAAAAAAABBBBBBBBBBBBBBBBCCCCCCCCCCCCCCCCDDDDDDDDDDDDDDDD
            EEEEEEEEEEEEEEEEFFFFFFFFFFFFFFFFEEEEEEEEEEEEEEEEAAAAAAAAAAAAAAAA",
        sealed: "17F399F08C67D5EE19D0DC9969C4BB7D5FD46FD3756489069157B282BB200735
            D82710CA5C22F0CCFA7CBF93D496AC15A56834CBCF98C397B4024A2691233B8D",
        tag: "83DE3541E4C2B58177E065A9BF7B62EC",
    },
    // The proposal of GCM to NIST (McGrew and Viega, 2005), appendix B, test cases 13, 14 and 16.
    Sealed {
        kind: AeadKind::Aes256Gcm,
        key: "0000000000000000000000000000000000000000000000000000000000000000",
        nonce: "000000000000000000000000",
        aad: "",
        plain: "",
        sealed: "",
        tag: "530F8AFBC74536B9A963B4F1C4CB738B",
    },
    Sealed {
        kind: AeadKind::Aes256Gcm,
        key: "0000000000000000000000000000000000000000000000000000000000000000",
        nonce: "000000000000000000000000",
        aad: "",
        plain: "00000000000000000000000000000000",
        sealed: "CEA7403D4D606B6E074EC5D3BAF39D18",
        tag: "D0D1C8A799996BF0265B98B5D48AB919",
    },
    Sealed {
        kind: AeadKind::Aes256Gcm,
        key: "FEFFE9928665731C6D6A8F9467308308FEFFE9928665731C6D6A8F9467308308",
        nonce: "CAFEBABEFACEDBADDECAF888",
        aad: "FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2",
        plain: "D9313225F88406E5A55909C5AFF5269A86A7A9531534F7DA2E4C303D8A318A72
            1C3C0C95956809532FCF0E2449A6B525B16AEDF5AA0DE657BA637B39",
        sealed: "522DC1F099567D07F47F37A32A84427D643A8CDCBFE5C0C97598A2BD2555D1AA
            8CB08E48590DBB3DA7B08B1056828838C5F61E6393BA7A0ABCC9F662",
        tag: "76FC6ECE0F4E1768CDDF8853BB2D551B",
    },
];

#[test]
fn sm4_gcm_and_aes_gcm_seal_and_open_as_rfc_8998_and_nist_print_it() {
    for one in AEAD {
        let aead = Aead::new(one.kind, &hex(one.key)).unwrap();
        let nonce = array_from_hex(one.nonce).unwrap();
        let wanted = [hex(one.sealed), hex(one.tag)].concat();
        let sealed = aead.seal(&nonce, &hex(one.aad), &hex(one.plain));
        assert_eq!(to_hex(&sealed), to_hex(&wanted), "{}", one.kind);
        let plain = aead.open(&nonce, &hex(one.aad), &sealed).unwrap();
        assert_eq!(*plain, hex(one.plain));
    }
}

#[test]
fn sealed_bytes_that_were_touched_do_not_open() {
    for kind in [AeadKind::Sm4Gcm, AeadKind::Aes256Gcm] {
        let aead = Aead::new(kind, &vec![7; kind.key_bytes()]).unwrap();
        let sealed = aead.seal(&[1; 12], b"row 1", b"6217000000000000");
        assert_eq!(
            *aead.open(&[1; 12], b"row 1", &sealed).unwrap(),
            b"6217000000000000"
        );
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            let opened = aead.open(&[1; 12], b"row 1", &changed);
            assert_eq!(opened.unwrap_err(), CipherError::Sealed);
        }
        for cut in 0..sealed.len() {
            assert!(aead.open(&[1; 12], b"row 1", &sealed[..cut]).is_err());
        }
        assert!(aead.open(&[1; 12], b"row 2", &sealed).is_err());
        assert!(aead.open(&[2; 12], b"row 1", &sealed).is_err());
        let other = Aead::new(kind, &vec![8; kind.key_bytes()]).unwrap();
        assert!(other.open(&[1; 12], b"row 1", &sealed).is_err());
        assert!(matches!(
            Aead::new(kind, &[7; 24]),
            Err(CipherError::KeySize { .. })
        ));
        assert!(!format!("{aead:?}").contains('7'), "{aead:?}");
    }
    assert!("aes-128-gcm".parse::<AeadKind>().is_err());
}

/// RFC 8032, 7.1: TEST 1 and TEST 3.
const ED25519: [[&str; 4]; 2] = [
    [
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ],
    [
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ],
];

#[test]
fn ed25519_signs_as_rfc_8032_prints_it() {
    for [secret, public, message, signature] in ED25519 {
        let secret = ed25519_dalek::SigningKey::from_bytes(&array_from_hex(secret).unwrap());
        let key = PrivateKey::from_pem(&secret.to_pkcs8_pem(LineEnding::LF).unwrap()).unwrap();
        let public = PublicKey::from_ed25519_bytes(&array_from_hex(public).unwrap()).unwrap();
        assert_eq!(*key.public_key(), public);
        assert_eq!(to_hex(&key.sign(&hex(message)).unwrap()), signature);
        public.verify(&hex(message), &hex(signature)).unwrap();
        assert!(public.verify(b"another", &hex(signature)).is_err());
    }
    // RFC 8032, 5.1.7 leaves keys of small order open; a signature under one fits any message, so none is taken.
    let mut neutral = [0; 32];
    neutral[0] = 1;
    assert!(PublicKey::from_ed25519_bytes(&neutral).is_err());
}

/// RFC 9106, 5.3: the derivation that locks key files.
#[cfg(feature = "server")]
#[test]
fn argon2id_derives_the_tag_of_rfc_9106() {
    use argon2::{Algorithm, Argon2, AssociatedData, ParamsBuilder, Version};
    let mut params = ParamsBuilder::new();
    params.m_cost(32).t_cost(3).p_cost(4);
    params.data(AssociatedData::new(&[4; 12]).unwrap());
    let params = params.build().unwrap();
    let argon2 =
        Argon2::new_with_secret(&[3; 8], Algorithm::Argon2id, Version::V0x13, params).unwrap();
    let mut tag = [0; 32];
    argon2
        .hash_password_into(&[1; 32], &[2; 16], &mut tag)
        .unwrap();
    assert_eq!(
        to_hex(&tag),
        "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"
    );
}
