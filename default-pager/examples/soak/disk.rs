//! A file that is as slow as a disk, in the kernel's time.

use std::env::temp_dir;
use std::fs::{File, OpenOptions, remove_file};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use default_pager::Disk;
use mig_rt::{KernReturn, ReceiveRight};
use runtime_kernel::Task;

use super::calls;

/// Milliseconds to go elsewhere, and to read or write where the last access ended.
const SEEK: u32 = 5;
const NEXT: u32 = 1;

pub(crate) struct SlowDisk {
    file: File,
    /// Nobody sends to it: who waits for a message waits for a time.
    clock: ReceiveRight<Task>,
    /// Where the last access ended.
    head: AtomicU64,
}

impl SlowDisk {
    pub(crate) fn new(task: &Task) -> io::Result<SlowDisk> {
        let path = temp_dir().join(format!("soak-{}", std::process::id()));
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path)?;
        remove_file(path)?;
        let clock = ReceiveRight::new(task).map_err(|it: KernReturn| io::Error::other(it.to_string()))?;
        Ok(SlowDisk { file, clock, head: AtomicU64::new(0) })
    }

    fn go(&self, position: u64, bytes: usize) {
        let near = self.head.swap(position + bytes as u64, Relaxed) == position;
        calls::sleep(&self.clock, if near { NEXT } else { SEEK });
    }
}

impl Disk for SlowDisk {
    fn read_at(&self, position: u64, to: &mut [u8]) -> io::Result<()> {
        self.go(position, to.len());
        self.file.read_at(position, to)
    }

    fn write_at(&self, position: u64, from: &[u8]) -> io::Result<()> {
        self.go(position, from.len());
        self.file.write_at(position, from)
    }
}
