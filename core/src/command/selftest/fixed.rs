//! The system's files, with numbers that can be guessed: what a self-test makes is nobody's secret.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hubu_core::disk::{Access, Disk, DiskFile, OsDisk};

/// Numbers from a seed: SplitMix64 (Steele, Lea and Flood 2014), the same on every machine.
#[derive(Debug)]
pub(super) struct Numbers(AtomicU64);

impl Numbers {
    pub(super) fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// The next one.
    pub(super) fn next(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut z = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One below `end`. Slightly uneven, which does not matter here.
    pub(super) fn below(&self, end: u64) -> u64 {
        self.next() % end
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct FixedDisk(Numbers);

impl FixedDisk {
    pub(super) fn new(seed: u64) -> Self {
        Self(Numbers::new(!seed))
    }
}

impl Disk for FixedDisk {
    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        OsDisk.make_folder(folder)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        OsDisk.list(folder)
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn DiskFile>> {
        OsDisk.open(path, access)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        OsDisk.rename(from, to)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        OsDisk.sync_folder(folder)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        OsDisk.remove(path)
    }

    fn draw(&self, into: &mut [u8]) -> io::Result<()> {
        for part in into.chunks_mut(8) {
            part.copy_from_slice(&self.0.next().to_le_bytes()[..part.len()]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_paper() {
        // The reference implementation's for the seed 1234567.
        let numbers = Numbers::new(1_234_567);
        let first = [numbers.next(), numbers.next(), numbers.next()];
        assert_eq!(
            first,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }
}
