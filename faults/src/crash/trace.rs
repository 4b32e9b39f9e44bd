//! What a program asked of the file system, as strace recorded it: `strace -f -y -xx`, one call a line.

use crate::Outcome;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The calls that change files, or where in a file the next write goes.
const CALLS: &str = "trace=openat,close,lseek,write,writev,pwrite64,pwritev,ftruncate,fallocate,fsync,fdatasync,\
                     rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,link,linkat,copy_file_range,sendfile";

/// Longer than any write.
const STRING_MAX: &str = "134217728";

/// One call that came to an end, and well.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Call {
    Open {
        path: PathBuf,
        fd: u32,
        creates: bool,
        truncates: bool,
    },
    Close(u32),
    /// To the file's own place, which moves on.
    Write(u32, Vec<u8>),
    WriteAt(u32, Vec<u8>, u64),
    /// The file's own place is now this.
    Seek(u32, u64),
    SetSize(u32, u64),
    Sync(u32),
    Rename(PathBuf, PathBuf),
    Remove(PathBuf),
    MakeFolder(PathBuf),
    /// Something else, of this file or these paths, which the replay does not know.
    Other {
        fd: Option<u32>,
        paths: Vec<PathBuf>,
        call: String,
    },
}

/// Whether programs may be traced here: some containers forbid it.
pub(super) fn is_allowed() -> Outcome<bool> {
    let mut probe = Command::new("strace");
    probe
        .args(["-o", "/dev/null", "true"])
        .stderr(Stdio::null());
    let status = probe
        .status()
        .map_err(|error| format!("strace: {error}; install it (Debian: apt install strace)"))?;
    Ok(status.success())
}

/// Runs a program under strace; gives what it printed, and its calls in the order in which they ended.
pub(super) fn record(program: &mut Command, log: &Path) -> Outcome<(String, Vec<Call>)> {
    let mut strace = Command::new("strace");
    strace.args(["-f", "-y", "-xx", "-s", STRING_MAX, "-e", CALLS, "-o"]);
    strace.arg(log).arg("--").arg(program.get_program());
    strace.args(program.get_args()).stderr(Stdio::inherit());
    let output = strace.output()?;
    if !output.status.success() {
        return Err(format!("{} under strace", output.status).into());
    }
    let calls = parse(&std::fs::read_to_string(log)?)?;
    Ok((String::from_utf8(output.stdout)?, calls))
}

fn parse(log: &str) -> Outcome<Vec<Call>> {
    let mut begun: HashMap<&str, &str> = HashMap::new();
    let mut calls = Vec::new();
    for line in log.lines() {
        let (process, rest) = line.split_once(' ').ok_or("a line without a process")?;
        let rest = rest.trim_start();
        if let Some(beginning) = rest.strip_suffix(" <unfinished ...>") {
            begun.insert(process, beginning);
        } else if rest.starts_with("<... ") {
            let beginning = begun.remove(process).ok_or("an end without a beginning")?;
            let (_, end) = rest
                .split_once("resumed>")
                .ok_or("an end without `resumed`")?;
            calls.extend(call(&format!("{beginning}{end}"))?);
        } else {
            calls.extend(call(rest)?);
        }
    }
    Ok(calls)
}

/// `None` for what failed, and for signals and ends of processes.
fn call(line: &str) -> Outcome<Option<Call>> {
    let (Some((name, rest)), false) = (line.split_once('('), line.starts_with(['+', '-'])) else {
        return Ok(None);
    };
    let (arguments, result) = rest.rsplit_once(" = ").ok_or("a call without a result")?;
    let arguments = arguments.trim_end().trim_end_matches(')');
    if result.starts_with(['-', '?']) {
        return Ok(None);
    }
    let result = number(result)?;
    let all: Vec<&str> = arguments.split(", ").collect();
    let fd = || number(all[0]).map(|fd| fd as u32);
    let last = || number(all[all.len() - 1]);
    let path = |nth: usize| -> Outcome<PathBuf> {
        let text = strings(arguments).into_iter().nth(nth).ok_or("no path")?;
        Ok(PathBuf::from(String::from_utf8(text)?))
    };
    let written = || {
        let mut bytes = strings(arguments).concat();
        bytes.truncate(result as usize);
        bytes
    };
    Ok(Some(match name {
        "openat" => Call::Open {
            path: path(0)?,
            fd: result as u32,
            creates: arguments.contains("O_CREAT"),
            truncates: arguments.contains("O_TRUNC"),
        },
        "close" => Call::Close(fd()?),
        "lseek" => Call::Seek(fd()?, result),
        "write" | "writev" => Call::Write(fd()?, written()),
        "pwrite64" | "pwritev" => Call::WriteAt(fd()?, written(), last()?),
        "ftruncate" => Call::SetSize(fd()?, last()?),
        "fsync" | "fdatasync" => Call::Sync(fd()?),
        "rename" | "renameat" | "renameat2" => Call::Rename(path(0)?, path(1)?),
        "unlink" | "unlinkat" => Call::Remove(path(0)?),
        "mkdir" | "mkdirat" => Call::MakeFolder(path(0)?),
        _ => Call::Other {
            fd: fd().ok(),
            paths: (0..2).filter_map(|nth| path(nth).ok()).collect(),
            call: name.into(),
        },
    }))
}

/// The number that a text begins with.
fn number(text: &str) -> Outcome<u64> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    Ok(text[..end].parse()?)
}

/// The strings between quotation marks, each of `\xNN`.
fn strings(arguments: &str) -> Vec<Vec<u8>> {
    let quoted = arguments.split('"').skip(1).step_by(2);
    let byte = |hex: &str| u8::from_str_radix(hex, 16).unwrap_or_default();
    quoted
        .map(|text| text.split("\\x").skip(1).map(byte).collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_read_whole_in_parts_and_where_they_failed() {
        let log = "7 openat(AT_FDCWD<\\x2f>, \"\\x2f\\x61\", O_RDWR|O_CREAT, 0666) = 5<\\x2f\\x61>\n\
                   7 openat(AT_FDCWD<\\x2f>, \"\\x2f\\x62\", O_RDONLY) = -1 ENOENT (No such file or directory)\n\
                   7 write(5<\\x2f\\x61>, \"\\x01\\x02\\x03\", 3 <unfinished ...>\n\
                   8 fsync(5<\\x2f\\x61>) = 0\n\
                   7 <... write resumed>) = 2\n\
                   8 pwrite64(5<\\x2f\\x61>, \"\\xff\", 1, 4096) = 1\n\
                   8 renameat(AT_FDCWD<\\x2f>, \"\\x61\", AT_FDCWD<\\x2f>, \"\\x62\") = 0\n\
                   8 +++ exited with 0 +++";
        let expected = [
            Call::Open {
                path: "/a".into(),
                fd: 5,
                creates: true,
                truncates: false,
            },
            Call::Sync(5),
            Call::Write(5, vec![1, 2]),
            Call::WriteAt(5, vec![255], 4096),
            Call::Rename("a".into(), "b".into()),
        ];
        let calls = parse(log).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(calls, expected);
    }
}
