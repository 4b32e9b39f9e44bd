//! The file journal under test, in a temporary folder, and how to spoil it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hubu_core::disk::OsDisk;
use hubu_core::journal::file::{FileJournal, FileReader};
use hubu_core::journal::{HEADER_BYTES, Header, Journal, JournalError, JournalReader, Settings};

use super::store::{CELL, Spoil, Store};

/// A file journal with segments of 64 KiB.
pub struct FileStore {
    pub folder: tempfile::TempDir,
}

/// A batch as it lies in a segment.
#[derive(Debug, Clone)]
pub struct Place {
    pub path: PathBuf,
    pub offset: usize,
    pub header: Header,
}

impl Place {
    /// Offset behind the batch.
    pub fn end(&self) -> usize {
        self.offset + HEADER_BYTES + self.header.length as usize
    }
}

impl FileStore {
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A copy as it would be found after the machine stopped at this moment.
    pub fn copy(&self) -> Self {
        let copy = Self::fresh();
        for entry in std::fs::read_dir(self.path()).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
        }
        copy
    }

    /// All batches, found without the code under test (except the header's decoding).
    pub fn places(&self) -> Vec<Place> {
        let mut places = Vec::new();
        for number in 1.. {
            let path = self.path().join(format!("{number:08}.segment"));
            let Ok(bytes) = std::fs::read(&path) else {
                return places;
            };
            let mut offset = 128;
            while let Some(head) = bytes.get(offset..offset + HEADER_BYTES) {
                let Ok(header) = Header::decode(head.try_into().unwrap()) else {
                    break;
                };
                places.push(Place {
                    path: path.clone(),
                    offset,
                    header,
                });
                offset = places.last().unwrap().end();
            }
        }
        places
    }

    /// The batch that begins with `first`.
    pub fn place(&self, first: u64) -> Place {
        let places = self.places();
        places
            .into_iter()
            .find(|place| place.header.first == first)
            .unwrap()
    }

    /// Changes a segment's bytes.
    pub fn edit(&self, path: &Path, edit: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = std::fs::read(path).unwrap();
        edit(&mut bytes);
        std::fs::write(path, bytes).unwrap();
    }
}

impl Store for FileStore {
    fn fresh() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn settings(&self) -> Settings {
        Settings {
            cell: CELL,
            segment_bytes: 64 << 10,
            ..Settings::default()
        }
    }

    fn open_with(&self, settings: &Settings) -> Result<Box<dyn Journal>, JournalError> {
        Ok(Box::new(FileJournal::open(self.path(), settings)?))
    }

    fn read(&self) -> Result<Box<dyn JournalReader>, JournalError> {
        Ok(Box::new(FileReader::open(
            Arc::new(OsDisk),
            self.path(),
            &self.settings(),
        )?))
    }

    fn spoil(&self, first: u64, how: Spoil) {
        let place = self.place(first);
        let (at, end) = (place.offset, place.end());
        self.edit(&place.path, |bytes| match how {
            Spoil::Payload => bytes[at + HEADER_BYTES + 9] ^= 1,
            Spoil::First => bytes[at + 32] ^= 1,
            Spoil::Last => bytes[at + 40] ^= 1,
            Spoil::Epoch => bytes[at + 24] ^= 1,
            Spoil::Previous => bytes[at + 70] ^= 1,
            Spoil::Chain => bytes[at + 100] ^= 1,
            Spoil::PayloadWithCrc => {
                bytes[at + HEADER_BYTES + 9] ^= 1;
                let payload_crc = crc32fast::hash(&bytes[at + HEADER_BYTES..end]);
                let header = Header {
                    payload_crc,
                    ..place.header
                };
                bytes[at..at + HEADER_BYTES].copy_from_slice(&header.encode());
            }
            Spoil::Remove => {
                let length = bytes.len();
                bytes.drain(at..end);
                bytes.resize(length, 0);
            }
        });
    }

    fn take_over(&self) -> Box<dyn Journal> {
        // The lock file is replaced, as by somebody who restores a folder under a living writer.
        let lock = self.path().join("lock");
        let copy = self.path().join("lock.copy");
        std::fs::copy(&lock, &copy).unwrap();
        std::fs::rename(&copy, &lock).unwrap();
        self.open().unwrap()
    }

    fn break_down(&self) {
        std::fs::remove_file(self.path().join("lock")).unwrap();
    }

    fn repair(&self) {}
}
