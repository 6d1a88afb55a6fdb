//! SQLite: the disk is full, to the last byte.
//!
//! The disk is a small tmpfs, which only root may mount; elsewhere the test says that it was skipped.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Trouble, known_people_never_notice, settings};
use crate::run::say;
use crate::server::Site;

/// Room for the database and its journal, and little to fill.
const SIZE: &str = "size=16m";

/// A file system of its own; unmounted when dropped.
struct Disk {
    folder: PathBuf,
}

impl Disk {
    fn mount(folder: &Path) -> Option<Self> {
        fs::create_dir(folder).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", SIZE, "tmpfs"])
            .arg(folder)
            .output()
            .is_ok_and(|output| output.status.success());
        mounted.then(|| Self {
            folder: folder.to_owned(),
        })
    }

    fn filler(&self) -> PathBuf {
        self.folder.join("filler")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("-l").arg(&self.folder).status();
        if !unmounted.is_ok_and(|status| status.success()) {
            say(&format!("{} is still mounted", self.folder.display()));
        }
    }
}

impl Trouble for Disk {
    async fn begin(&mut self) {
        let mut filler = File::create(self.filler()).unwrap();
        // Ever smaller pieces, until not a byte is left.
        for piece in [1 << 16, 1 << 12, 1] {
            while filler.write_all(&vec![0; piece]).is_ok() {}
        }
    }

    async fn end(&mut self) {
        fs::remove_file(self.filler()).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_delays_and_loses_nothing() {
    let mut site = Site::new(&settings());
    let folder = site.folder().join("disk");
    let Some(mut disk) = Disk::mount(&folder) else {
        say("SKIPPED: a full disk needs a small tmpfs, which only root may mount");
        return;
    };
    let database = format!("sqlite:{}", folder.join("vigie.db").display());
    site.set("DATABASE_URL", &database);
    known_people_never_notice(&site, &database, &mut disk).await;
}
