//! A crash at every operation on the archive. Its store writes to real files, so what it asks of them is recorded
//! ([`trace`]), done again on the simulated disk, and the machine dies before each operation. What is left is put into a
//! real folder, and the archive opened on it: it must have all that it had said to be committed, and nothing else.
//!
//! A folder that was made counts as a name in its parent: if that was never synced, the folder and all that is in it
//! may be gone.

use super::trace::{self, Call};
use super::writer::{archive_in, eager};
use super::{Chosen, Options, combinations, crashed};
use crate::Outcome;
use hubu_core::disk::{Access, Disk, DiskFile};
use hubu_core::journal::simulated::{Faults, SimulatedDisk};
use hubu_core::views::archive::Archive;
use hubu_kernel::document::Document;
use hubu_kernel::ident::DocumentId;
use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io::IoSlice;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

/// Rounds of the recorded run.
const ROUNDS: usize = 24;
const QUICK_ROUNDS: usize = 7;

/// Combinations tried at each point: opening the store takes longer than anything else here.
const COMBINATIONS: usize = 8;

/// A quick run tries the first points, where the store is made, and then one of so many.
const QUICK_FIRST: usize = 60;
const QUICK_EVERY: usize = 16;

/// What happened until a crash point.
pub(super) struct Point {
    disk: SimulatedDisk,
    /// What the archive had said to have: it forgot nothing up to this record.
    told: u64,
}

/// The run: its points, and what the archive must have at each.
pub(super) struct Run {
    pub(super) points: Vec<Point>,
    root: PathBuf,
    folders: BTreeSet<PathBuf>,
    sizes: HashMap<PathBuf, u64>,
    /// Documents that ended, and the record in which each did.
    truth: Vec<(u64, Document)>,
    scratch: tempfile::TempDir,
}

/// Records a run.
pub(super) fn prepare(options: &Options) -> Outcome<Run> {
    let scratch = tempfile::tempdir_in(memory())?;
    let folder = scratch.path().join("recorded");
    let rounds = if options.quick { QUICK_ROUNDS } else { ROUNDS };
    let mut program = Command::new(std::env::current_exe()?);
    program.arg("archive-writer").arg(&folder);
    program.args(["--rounds", &rounds.to_string()]);
    let (said, calls) = trace::record(&mut program, &scratch.path().join("trace"))?;
    let mut replay = Replay::new(archive_in(&folder));
    for call in calls {
        replay.take(call)?;
    }
    let truth = truth(&folder, &said)?;
    let history = replay.disk.history();
    let points = history
        .into_iter()
        .zip(replay.told.into_iter().chain([replay.last_told]));
    Ok(Run {
        points: points.map(|(disk, told)| Point { disk, told }).collect(),
        root: replay.root,
        folders: replay.folders,
        sizes: replay.sizes,
        truth,
        scratch,
    })
}

/// Where files are quick to make and to remove.
fn memory() -> PathBuf {
    let shared = PathBuf::from("/dev/shm");
    if shared.is_dir() {
        shared
    } else {
        std::env::temp_dir()
    }
}

fn truth(folder: &Path, said: &str) -> Outcome<Vec<(u64, Document)>> {
    let archive = Archive::open(&archive_in(folder), eager())?;
    let mut truth = Vec::new();
    for line in said.lines() {
        let Some((id, seq)) = line
            .strip_prefix("ended ")
            .and_then(|rest| rest.split_once(' '))
        else {
            continue;
        };
        let document = archive.get(DocumentId(id.parse()?))?;
        let document = document.ok_or_else(|| format!("document {id} is not in the archive"))?;
        truth.push((seq.parse()?, Document::clone(&document)));
    }
    Ok(truth)
}

/// A file and the place of its next write; nothing for a folder.
type Cursor = Option<(Arc<dyn DiskFile>, u64)>;

/// The recorded calls, done again.
struct Replay {
    root: PathBuf,
    disk: SimulatedDisk,
    /// What was told before each operation of the disk.
    told: Vec<u64>,
    last_told: u64,
    /// Open files and folders: their path, and the file with the place of its next write.
    open: HashMap<u32, (PathBuf, Cursor)>,
    folders: BTreeSet<PathBuf>,
    /// Files that were given a size that is never written to its end.
    sizes: HashMap<PathBuf, u64>,
}

impl Replay {
    fn new(root: PathBuf) -> Replay {
        let disk = SimulatedDisk::new(1, Faults::default());
        disk.keep_history();
        Replay {
            disk,
            told: Vec::new(),
            last_told: 0,
            open: HashMap::new(),
            // The one above is there before.
            folders: root.parent().into_iter().map(Path::to_owned).collect(),
            sizes: HashMap::new(),
            root,
        }
    }

    /// Notes what was told when the operations since took place.
    fn take(&mut self, call: Call) -> Outcome<()> {
        let before = self.disk.operations();
        self.take_one(call)?;
        let operations = self.disk.operations() - before;
        self.told.extend((0..operations).map(|_| self.last_told));
        Ok(())
    }

    fn take_one(&mut self, call: Call) -> Outcome<()> {
        match call {
            Call::Write(1, bytes) => self.hear(&String::from_utf8(bytes)?)?,
            Call::MakeFolder(path) if path.starts_with(&self.root) => {
                Disk::open(&self.disk, &path, Access::Create)?;
                self.folders.insert(path);
            }
            Call::Open {
                path,
                fd,
                creates,
                truncates,
            } if self.concerns(&path) => {
                let file = match self.folders.contains(&path) {
                    true => None,
                    false => Some((self.open_file(&path, creates, truncates)?, 0)),
                };
                self.open.insert(fd, (path, file));
            }
            Call::Close(fd) => drop(self.open.remove(&fd)),
            Call::Rename(from, to) if self.concerns(&to) => self.disk.rename(&from, &to)?,
            Call::Remove(path) if self.concerns(&path) => self.disk.remove(&path)?,
            Call::Sync(fd) => match self.open.get(&fd) {
                Some((_, Some((file, _)))) => file.sync()?,
                Some((path, None)) => self.disk.sync_folder(path)?,
                None => {}
            },
            Call::Write(fd, bytes) => {
                if let Some((_, Some((file, at)))) = self.open.get_mut(&fd) {
                    file.write_at(&[IoSlice::new(&bytes)], *at)?;
                    *at += bytes.len() as u64;
                }
            }
            Call::WriteAt(fd, bytes, at) => {
                if let Some((_, Some((file, _)))) = self.open.get(&fd) {
                    file.write_at(&[IoSlice::new(&bytes)], at)?;
                }
            }
            Call::Seek(fd, to) => {
                if let Some((_, Some((_, at)))) = self.open.get_mut(&fd) {
                    *at = to;
                }
            }
            Call::SetSize(fd, size) => {
                if let Some((path, Some((file, _)))) = self.open.get(&fd) {
                    if size < file.size()? {
                        return Err(format!("{} is made shorter", path.display()).into());
                    }
                    self.sizes.insert(path.clone(), size);
                }
            }
            Call::Other { fd, paths, call } => {
                let is_open = fd.is_some_and(|fd| self.open.contains_key(&fd));
                if is_open || paths.iter().any(|path| self.concerns(path)) {
                    return Err(format!("{call} of {paths:?} is not modelled").into());
                }
            }
            Call::MakeFolder(_) | Call::Open { .. } | Call::Rename(..) | Call::Remove(_) => {}
        }
        Ok(())
    }

    fn concerns(&self, path: &Path) -> bool {
        path.starts_with(&self.root) || self.root.parent() == Some(path)
    }

    fn open_file(&self, path: &Path, creates: bool, truncates: bool) -> Outcome<Arc<dyn DiskFile>> {
        let access = if creates {
            Access::Create
        } else {
            Access::Write
        };
        let file = Disk::open(&self.disk, path, access)?;
        if truncates && file.size()? > 0 {
            return Err(format!("{} is emptied", path.display()).into());
        }
        Ok(file)
    }

    fn hear(&mut self, said: &str) -> Outcome<()> {
        if let Some(watermark) = said.strip_prefix("committed ") {
            self.last_told = watermark.trim().parse()?;
        }
        Ok(())
    }
}

impl Run {
    /// The points that are tried, with their numbers.
    pub(super) fn tried(&self, options: &Options) -> Vec<(usize, &Point)> {
        let is_tried =
            |at: &usize| !options.quick || *at < QUICK_FIRST || at.is_multiple_of(QUICK_EVERY);
        let points = self.points.iter().enumerate();
        points.filter(|(at, _)| is_tried(at)).collect()
    }

    /// Tries a point in several combinations; how many, or what is wrong.
    pub(super) fn survives(
        &self,
        at: usize,
        point: &Point,
        options: &Options,
    ) -> Result<u64, String> {
        let mut all = combinations(&point.disk, options, at);
        // The first and the last are nothing and everything; of the rest, a few from everywhere.
        let step = all.len().div_ceil(COMBINATIONS).max(1);
        let last = all.pop();
        let chosen: Vec<Chosen> = all.into_iter().step_by(step).chain(last).collect();
        for chosen in &chosen {
            let folder = self.scratch.path().join(format!("{at}"));
            let done = self
                .put(&crashed(&point.disk, chosen), &folder)
                .and_then(|()| self.check(point, &folder).map_err(Into::into));
            let removed = fs::remove_dir_all(&folder);
            done.map_err(|why| format!("{chosen:?}: {why}"))?;
            removed.map_err(|error| error.to_string())?;
        }
        Ok(chosen.len() as u64)
    }

    /// Puts what is left on a disk into a real folder.
    fn put(&self, disk: &SimulatedDisk, folder: &Path) -> Outcome<()> {
        let files = disk.files();
        let names: BTreeSet<&Path> = files.iter().map(|(path, _)| path.as_path()).collect();
        fs::create_dir_all(folder)?;
        let root = &self.root;
        let is_there = |path: &Path| {
            let above = path
                .ancestors()
                .skip(1)
                .take_while(|above| above.starts_with(root));
            above.into_iter().all(|above| names.contains(above))
        };
        for (path, size) in files.iter().filter(|(path, _)| is_there(path)) {
            let to = folder.join(path.strip_prefix(root)?);
            if self.folders.contains(path) {
                fs::create_dir_all(to)?;
                continue;
            }
            let mut bytes = vec![0; *size as usize];
            Disk::open(disk, path, Access::Read)?.read_at(&mut bytes, 0)?;
            fs::write(&to, bytes)?;
            if let Some(size) = self.sizes.get(path) {
                fs::File::options().write(true).open(&to)?.set_len(*size)?;
            }
        }
        Ok(())
    }

    fn check(&self, point: &Point, folder: &Path) -> Result<(), String> {
        let archive = Archive::open(folder, eager());
        let archive = archive.map_err(|error| format!("it does not open: {error}"))?;
        let watermark = archive.watermark();
        if watermark < point.told {
            return Err(format!(
                "it has come to {watermark} and said {}",
                point.told
            ));
        }
        for (seq, document) in self.truth.iter().filter(|(seq, _)| *seq <= watermark) {
            match archive.get(document.id) {
                Ok(Some(found)) if *found == *document => {}
                other => return Err(format!("what ended in record {seq} is {other:?}")),
            }
        }
        Ok(())
    }
}
