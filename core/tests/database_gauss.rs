//! A database that asks for a password as openGauss does: a double answers in its place, by the published protocol, and hands the
//! connection to a real PostgreSQL once the answer is right.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test program")]

mod support;

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hubu_core::database::link::Link;
use hubu_core::journal::postgres::{PostgresJournal, PostgresReader};
use hubu_core::journal::{Journal, Settings};
use hubu_testkit::PgServer;
use support::{append_to, check_from};

const PASSWORD: &str = "Gauss@123";
/// For the salt 00 01 … 1f, the token de ad be ef and that password: worked out with Python's hashlib and hmac.
const PROOF: &str = "400e6960a9121c8abc107df7eea83362d99de17e11ebd45eab673d353ed287b5";
const ANSWER: &str = "d2ea98133f147a360c9d5d0c5fc6b0af2d49e0f7cf8a09977d4e743140a44e9b";

/// Stands before a PostgreSQL and asks as openGauss would.
struct Double {
    port: u16,
    let_in: Arc<AtomicUsize>,
}

impl Double {
    fn start(behind: u16, code: u32) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let let_in = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&let_in);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let count = Arc::clone(&count);
                // A client that goes away is no concern of the double's.
                std::thread::spawn(move || serve(client, behind, code, &count).unwrap_or_default());
            }
        });
        Self { port, let_in }
    }

    fn url(&self) -> String {
        format!("postgres://hubu@127.0.0.1:{}/postgres", self.port)
    }
}

fn message(from: &mut TcpStream, kind: &[u8]) -> io::Result<Vec<u8>> {
    let mut head = vec![0; kind.len() + 4];
    from.read_exact(&mut head)?;
    assert!(head.starts_with(kind));
    let length = u32::from_be_bytes(head[kind.len()..].try_into().unwrap()) as usize;
    let mut whole = head.clone();
    whole.resize(kind.len() + length, 0);
    from.read_exact(&mut whole[head.len()..])?;
    Ok(whole)
}

fn serve(mut client: TcpStream, behind: u16, code: u32, let_in: &AtomicUsize) -> io::Result<()> {
    let mut startup = message(&mut client, b"")?;
    if startup[4..8] == [0x04, 0xd2, 0x16, 0x2f] {
        client.write_all(b"N")?;
        startup = message(&mut client, b"")?;
    }
    assert_eq!(startup[4..8], [0, 3, 0, 0], "protocol 3.0");
    let salt: String = (0..32).map(|n| format!("{n:02x}")).collect();
    let mut body = [code.to_be_bytes(), 2_u32.to_be_bytes()].concat();
    body.extend_from_slice(format!("{salt}deadbeef{PROOF}").as_bytes());
    let mut ask = vec![b'R'];
    ask.extend_from_slice(&(body.len() as u32 + 4).to_be_bytes());
    ask.extend_from_slice(&body);
    // In pieces, as a network may.
    for piece in ask.chunks(7) {
        client.write_all(piece)?;
        client.flush()?;
        std::thread::sleep(Duration::from_micros(200));
    }
    let answer = message(&mut client, b"p")?;
    if answer[5..] != [ANSWER.as_bytes(), b"\0"].concat() {
        let refused = b"SFATAL\0C28P01\0MInvalid username/password,login denied.\0\0";
        let mut error = vec![b'E'];
        error.extend_from_slice(&(refused.len() as u32 + 4).to_be_bytes());
        error.extend_from_slice(refused);
        return client.write_all(&error);
    }
    let_in.fetch_add(1, Ordering::Relaxed);
    // From here on a PostgreSQL that trusts this machine goes on; its first word is that all is well.
    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, behind))?;
    server.write_all(&startup)?;
    let (mut to, mut from) = (server.try_clone()?, client.try_clone()?);
    let up = std::thread::spawn(move || {
        let done = io::copy(&mut from, &mut to);
        let _ended = to.shutdown(Shutdown::Write);
        done
    });
    io::copy(&mut server, &mut client)?;
    let _ended = client.shutdown(Shutdown::Both);
    let _sent = up.join().unwrap();
    Ok(())
}

fn settings(password: &str) -> Settings {
    Settings {
        cell: 77,
        patience: Duration::from_secs(10),
        link: Link {
            password: password.into(),
            ..Link::default()
        },
        ..Settings::default()
    }
}

fn port(server: &PgServer) -> u16 {
    let port = server.url().rsplit([':', '/']).nth(1).unwrap();
    port.parse().unwrap()
}

#[test]
fn a_journal_is_kept_behind_opengauss_own_request_for_a_password() {
    let server = PgServer::obtain().unwrap();
    let double = Double::start(port(&server), 10);
    let mut journal = PostgresJournal::open(&double.url(), &settings(PASSWORD)).unwrap();
    append_to(&mut journal, 10, 200);
    assert_eq!(check_from(&*journal.reader(), 1).unwrap(), 200);
    assert!(
        double.let_in.load(Ordering::Relaxed) >= 2,
        "writer and reader"
    );
    drop(journal);
    server
        .sql("DELETE FROM hubu_journal WHERE cell = 77; DELETE FROM hubu_lease WHERE cell = 77")
        .unwrap();
}

#[test]
fn a_password_that_is_wrong_or_missing_is_a_clear_error() {
    let server = PgServer::obtain().unwrap();
    let double = Double::start(port(&server), 10);
    let refusal = |password: &str| {
        let opened = PostgresReader::open(&double.url(), &settings(password));
        opened.err().unwrap().to_string()
    };
    let text = refusal("not-that-one");
    assert!(text.contains("not that of this role"), "{text}");
    assert!(!text.contains("not-that-one"), "{text}");
    let text = refusal("");
    assert!(text.contains("password_file"), "{text}");
    assert_eq!(double.let_in.load(Ordering::Relaxed), 0);
}

#[test]
fn an_address_that_insists_on_channel_binding_gets_no_answer() {
    let server = PgServer::obtain().unwrap();
    let double = Double::start(port(&server), 10);
    let url = format!("{}?sslmode=disable&channel_binding=require", double.url());
    let opened = PostgresReader::open(&url, &settings(PASSWORD));
    let text = opened.err().unwrap().to_string();
    assert!(text.contains("insists on channel binding"), "{text}");
    assert_eq!(double.let_in.load(Ordering::Relaxed), 0);
}

#[test]
fn a_way_that_is_not_spoken_says_what_to_set() {
    let server = PgServer::obtain().unwrap();
    for (code, what) in [(11, "MD5"), (13, "SM3"), (42, "way of its own")] {
        let double = Double::start(port(&server), code);
        let opened = PostgresReader::open(&double.url(), &settings(PASSWORD));
        let text = opened.err().unwrap().to_string();
        assert!(
            text.contains(what) && text.contains("password_encryption_type = 1"),
            "{text}"
        );
    }
}
