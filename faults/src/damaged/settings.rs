//! Damage around the data: settings, secret, catalog, and the rights to the files. Here the program itself is started, since
//! it is what reads them; it must end at once, with a status that says failure and words that say what to do.

use crate::Outcome;
use crate::program;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The user whom nothing belongs to.
const NOBODY: u32 = 65_534;

/// The longest that a refusal may take, however slow the machine.
const PATIENCE: Duration = Duration::from_secs(60);

type Apply = fn(&Path) -> Outcome<()>;

/// What is damaged, the words that the refusal must have, and how it is damaged.
const DAMAGES: &[(&str, &[&str], Apply)] = &[
    ("settings: missing", &["hubu.toml", "hubu init"], |data| {
        remove(data, "hubu.toml")
    }),
    ("settings: not text", &["hubu.toml", "UTF-8"], |data| {
        write(data, "hubu.toml", &[0xff, 0xfe, 0x00])
    }),
    ("settings: cut in a line", &["hubu.toml:"], |data| {
        let text = std::fs::read(data.join("hubu.toml"))?;
        let at = text
            .windows(8)
            .position(|part| part == b"listen =")
            .ok_or("no listen")?;
        write(data, "hubu.toml", &text[..at + 6])
    }),
    (
        "settings: an unknown key",
        &["hubu.toml:2", "unknown field"],
        |data| write(data, "hubu.toml", b"[journal]\nplaice = \"file:journal\"\n"),
    ),
    (
        "settings: another kind of value",
        &["hubu.toml:2", "journal's place"],
        |data| write(data, "hubu.toml", b"[journal]\nplace = \"journal\"\n"),
    ),
    (
        "settings: out of range",
        &["journal.cell: at least 1"],
        |data| write(data, "hubu.toml", b"[journal]\ncell = 0\n"),
    ),
    ("settings: a folder", &["hubu.toml", "directory"], |data| {
        remove(data, "hubu.toml")?;
        Ok(std::fs::create_dir(data.join("hubu.toml"))?)
    }),
    (
        "settings: another cell",
        &["belongs to cell 1, not 2", "journal.cell"],
        |data| write(data, "hubu.toml", b"[journal]\ncell = 2\n"),
    ),
    ("secret: missing", &["secret"], |data| {
        remove(data, "secret")
    }),
    ("secret: empty", &["secret", "32 bytes"], |data| {
        write(data, "secret", b"")
    }),
    ("secret: too short", &["secret", "32 bytes"], |data| {
        write(data, "secret", b"short\n")
    }),
    ("catalog: missing", &["catalog"], |data| {
        Ok(std::fs::remove_dir_all(data.join("catalog"))?)
    }),
    ("catalog: a file missing", &["mistake"], |data| {
        remove(data, "catalog/ledgers.toml")
    }),
    ("catalog: a file cut", &["ledgers.toml"], |data| {
        let text = std::fs::read(data.join("catalog/ledgers.toml"))?;
        write(data, "catalog/ledgers.toml", &text[..text.len() - 30])
    }),
    ("catalog: not text", &["divisions.csv"], |data| {
        write(data, "catalog/divisions.csv", &[0xff; 300])
    }),
];

/// Rights taken away: the program runs as somebody for whom they count.
const RIGHTS: &[(&str, &[&str], Apply)] = &[
    ("folder: read-only", &["denied", "must own it"], |data| {
        rights(data, 0o555, 0o444)
    }),
    ("folder: another's", &["denied", "hubu.toml"], |data| {
        rights(data, 0o700, 0o600)
    }),
    (
        "journal: another's",
        &["denied", "journal", "must own it"],
        |data| {
            all_but(data, "journal")?;
            rights(&data.join("journal"), 0o700, 0o600)
        },
    ),
    (
        "journal: read-only",
        &["denied", "journal", "must own it"],
        |data| {
            all_but(data, "journal")?;
            rights(&data.join("journal"), 0o555, 0o444)
        },
    ),
    (
        "archive: another's",
        &["denied", "archive", "must own it"],
        |data| {
            all_but(data, "archive")?;
            rights(&data.join("archive"), 0o700, 0o600)
        },
    ),
];

/// Does every damage; what is wrong with the refusal, if anything.
pub(crate) fn all(
    folder: &Path,
    only: Option<&str>,
) -> Outcome<Vec<(&'static str, Option<String>)>> {
    let program = program::hubu()?;
    let data = folder.join("data");
    make(&program, &data)?;
    let mut found = Vec::new();
    let wanted = |name: &str| only.is_none_or(|part| name.contains(part));
    for (name, words, apply) in DAMAGES.iter().filter(|(name, ..)| wanted(name)) {
        let trial = trial(&data, folder)?;
        apply(&trial)?;
        found.push((*name, judge(Command::new(&program), &trial, words)?));
        std::fs::remove_dir_all(&trial)?;
    }
    // Root may do everything: then the program runs as nobody, from where nobody can reach it.
    let is_root = uid()? == 0;
    let mut program = program;
    if is_root {
        let reachable = folder.join("hubu");
        std::fs::copy(&program, &reachable)?;
        program = reachable;
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755))?;
    }
    for (name, words, apply) in RIGHTS.iter().filter(|(name, ..)| wanted(name)) {
        if !is_root && name.ends_with("another's") {
            println!("left out: {name}: only root can give a folder to somebody else");
            continue;
        }
        let trial = trial(&data, folder)?;
        apply(&trial)?;
        let mut command = Command::new(&program);
        if is_root {
            command.uid(NOBODY).gid(NOBODY);
        }
        found.push((*name, judge(command, &trial, words)?));
        rights(&trial, 0o700, 0o600)?;
        std::fs::remove_dir_all(&trial)?;
    }
    Ok(found)
}

/// A folder that a server has used and left.
fn make(program: &Path, data: &Path) -> Outcome<()> {
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/../config");
    let made = Command::new(program)
        .arg("init")
        .arg(data)
        .args(["--catalog", config])
        .stdout(Stdio::null())
        .status()?;
    if !made.success() {
        return Err("hubu init failed".into());
    }
    let said = data.join("said");
    let mut child = serve(Command::new(program), data, &said)?;
    let end = Instant::now() + PATIENCE;
    while !std::fs::read_to_string(&said)?.contains("serving") {
        if Instant::now() > end || child.try_wait()?.is_some() {
            return Err(format!("it does not serve: {}", std::fs::read_to_string(&said)?).into());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    // Killed: the archive holds nothing yet, and the lock is not closed.
    child.kill()?;
    child.wait()?;
    Ok(std::fs::remove_file(said)?)
}

fn serve(mut command: Command, data: &Path, said: &Path) -> Outcome<std::process::Child> {
    Ok(command
        .args(["serve", "--config"])
        .arg(data.join("hubu.toml"))
        .env("HUBU_SERVER_LISTEN", "127.0.0.1:0")
        .env("HUBU_METRICS_LISTEN", "")
        .env("HUBU_JOURNAL_SEGMENT_BYTES", "1048576")
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(said)?)
        .spawn()?)
}

fn judge(command: Command, data: &Path, words: &[&str]) -> Outcome<Option<String>> {
    let said = data.with_extension("said");
    let mut child = serve(command, data, &said)?;
    let end = Instant::now() + PATIENCE;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break Some(status);
        }
        if std::fs::read_to_string(&said)?.contains("serving") || Instant::now() > end {
            child.kill()?;
            child.wait()?;
            break None;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let said = std::fs::read_to_string(&said)?;
    let refused = status.is_some_and(|status| matches!(status.code(), Some(1..=3)));
    let missing: Vec<&&str> = words
        .iter()
        .filter(|word| !said.to_lowercase().contains(&word.to_lowercase()))
        .collect();
    Ok((!refused || !missing.is_empty())
        .then(|| format!("{status:?}, without {missing:?}: {said}")))
}

fn trial(data: &Path, folder: &Path) -> Outcome<PathBuf> {
    let place = super::place::Place(data.to_owned());
    Ok(place.copy_to(&folder.join("trial"))?.0)
}

fn remove(data: &Path, name: &str) -> Outcome<()> {
    Ok(std::fs::remove_file(data.join(name))?)
}

fn write(data: &Path, name: &str, bytes: &[u8]) -> Outcome<()> {
    Ok(std::fs::write(data.join(name), bytes)?)
}

/// Sets the rights of a folder, its folders and its files.
fn rights(folder: &Path, folders: u32, files: u32) -> Outcome<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            rights(&path, folders, files)?;
        } else {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(files))?;
        }
    }
    Ok(std::fs::set_permissions(
        folder,
        std::fs::Permissions::from_mode(folders),
    )?)
}

/// Gives the folder to whom the program runs as, but for one part. Not by opening it to everybody: keys that others may
/// read are refused before anything else is looked at.
fn all_but(data: &Path, part: &str) -> Outcome<()> {
    rights(data, 0o700, 0o600)?;
    match uid()? {
        0 => give(data, &data.join(part)),
        _ => Ok(()),
    }
}

fn give(path: &Path, except: &Path) -> Outcome<()> {
    if path == except {
        return Ok(());
    }
    if path.is_dir() {
        for entry in std::fs::read_dir(path)? {
            give(&entry?.path(), except)?;
        }
    }
    Ok(std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY))?)
}

/// The user that this process runs as.
fn uid() -> Outcome<u32> {
    use std::os::unix::fs::MetadataExt;
    Ok(std::fs::metadata("/proc/self")?.uid())
}
