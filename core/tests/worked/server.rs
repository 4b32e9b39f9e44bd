//! The server `hubu`, started on a folder of its own, and requests to it.

use serde_json::Value;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const HUBU: &str = env!("CARGO_BIN_EXE_hubu");

/// Somebody who acts.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Person {
    pub name: String,
    pub role: &'static str,
    pub division: &'static str,
    pub agency: Option<String>,
    pub dept: Option<&'static str>,
}

/// A server that lives as long as this value.
pub struct Server {
    child: Child,
    address: String,
    folder: tempfile::TempDir,
    tokens: RefCell<HashMap<Person, String>>,
    keys: Cell<u64>,
}

/// What came back.
#[derive(Clone, PartialEq, Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

impl Answer {
    /// A text of the body, which must be there.
    pub fn text(&self, name: &str) -> String {
        let found = self.body[name].as_str();
        found
            .unwrap_or_else(|| panic!("no {name} in {self:?}"))
            .to_owned()
    }
}

/// The catalog that is shipped.
pub fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config")
}

/// Copies the catalog that is shipped to a folder, for a test that changes it.
pub fn copy_catalog(to: &Path) {
    copy(&shipped(), to);
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("made");
    for entry in std::fs::read_dir(from).expect("readable") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name");
        if path.is_file() {
            std::fs::copy(&path, to.join(name)).expect("copied");
        } else if matches!(name.to_str(), Some("documents" | "classes")) {
            copy(&path, &to.join(name));
        }
    }
}

/// Runs a command of `hubu` to its end.
pub fn hubu(arguments: &[&str]) -> Output {
    Command::new(HUBU)
        .args(arguments)
        .output()
        .expect("hubu runs")
}

impl Server {
    /// Starts a server with a catalog.
    pub fn start(catalog: &Path) -> Server {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        let made = hubu(&["init", text(&data), "--catalog", text(catalog)]);
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        // The port is free when it is asked for; that nobody else takes it meanwhile is likely enough.
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let address = free.expect("a free port").to_string();
        let child = Command::new(HUBU)
            .args(["serve", "--config", text(&data.join("hubu.toml"))])
            .env("HUBU_SERVER_LISTEN", &address)
            .env("HUBU_SERVER_THREADS", "1")
            .env("HUBU_SERVER_MAX_CONNECTIONS", "64")
            .env("HUBU_METRICS_LISTEN", "")
            .env("HUBU_JOURNAL_SEGMENT_BYTES", "4194304")
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("hubu starts");
        let server = Server {
            child,
            address,
            folder,
            tokens: RefCell::default(),
            keys: Cell::new(0),
        };
        server.wait();
        server
    }

    fn wait(&self) {
        let patience = Instant::now() + Duration::from_secs(60);
        while Instant::now() < patience {
            if let Some(answer) = self.ask("GET", "/readyz", &[], "")
                && answer.status == 200
            {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("hubu is not ready at {}", self.address);
    }

    /// A read by somebody.
    pub fn get(&self, person: &Person, path: &str) -> Answer {
        let authorization = self.authorization(person);
        let answer = self.ask("GET", path, &[authorization], "");
        answer.unwrap_or_else(|| panic!("no answer to GET {path}"))
    }

    /// A command by somebody, under a key of its own.
    pub fn post(&self, person: &Person, path: &str, body: &Value) -> Answer {
        self.keys.set(self.keys.get() + 1);
        let headers = [
            self.authorization(person),
            format!("Idempotency-Key: worked-{}", self.keys.get()),
            "Content-Type: application/json".to_owned(),
        ];
        let answer = self.ask("POST", path, &headers, &body.to_string());
        answer.unwrap_or_else(|| panic!("no answer to POST {path}"))
    }

    fn authorization(&self, person: &Person) -> String {
        let known = self.tokens.borrow().get(person).cloned();
        let token = known.unwrap_or_else(|| {
            let token = self.sign(person);
            self.tokens
                .borrow_mut()
                .insert(person.clone(), token.clone());
            token
        });
        format!("Authorization: Bearer {token}")
    }

    fn sign(&self, person: &Person) -> String {
        let settings = self.folder.path().join("data/hubu.toml");
        let mut arguments = vec![
            "token",
            "--config",
            text(&settings),
            "--sub",
            &person.name,
            "--role",
            person.role,
            "--division",
            person.division,
        ];
        if let Some(agency) = &person.agency {
            arguments.extend(["--agency", agency]);
        }
        if let Some(dept) = person.dept {
            arguments.extend(["--dept", dept]);
        }
        let signed = hubu(&arguments);
        assert!(
            signed.status.success(),
            "{}",
            String::from_utf8_lossy(&signed.stderr)
        );
        String::from_utf8(signed.stdout)
            .expect("a token")
            .trim()
            .to_owned()
    }

    /// One request on a connection of its own; `None` while nobody answers.
    fn ask(&self, method: &str, path: &str, headers: &[String], body: &str) -> Option<Answer> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        let mut request =
            format!("{method} {path} HTTP/1.1\r\nHost: hubu\r\nConnection: close\r\n");
        for header in headers {
            request += &format!("{header}\r\n");
        }
        request += &format!("Content-Length: {}\r\n\r\n{body}", body.len());
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let status = head.split_whitespace().nth(1)?.parse().ok()?;
        let body = serde_json::from_str(body).unwrap_or(Value::Null);
        Some(Answer { status, body })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The journal is durable by promise; nothing need be said to it before the folder goes.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in words")
}
