//! The right to be the one store on a database file, held for as long as the value lives.
//!
//! In: the database's path. Out: a lock on `<database>.lock`, or who holds it.
//! Always true: the operating system drops the lock with its holder, however that ends, so nothing is ever left to clean up.
//! The file itself stays: removing it could let two processes lock two files of one name.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use crate::error::{Holder, OpenError};

/// Held while a store is open.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of a database, or says who has it.
    pub(super) fn take(database: &Path) -> Result<Self, OpenError> {
        let path = lock_path(database);
        let unreachable = |source| OpenError::File {
            path: path.clone(),
            source,
        };
        let mut file = private(OpenOptions::new().read(true).write(true).create(true))
            .open(&path)
            .map_err(unreachable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(OpenError::InUse {
                    database: database.display().to_string().into(),
                    holder: read_holder(&mut file).map(Holder::Process),
                });
            }
            Err(TryLockError::Error(source)) => return Err(unreachable(source)),
        }
        write_holder(&mut file).map_err(unreachable)?;
        Ok(Self { _file: file })
    }
}

/// Readable by its owner only, from the moment it is created.
pub(super) fn private(options: &mut OpenOptions) -> &OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

fn lock_path(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

/// The holder's process id is there to be read by people; the lock does not depend on it.
fn write_holder(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

fn read_holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
