//! A small shell that outlives us by a moment: when we are gone, in whatever way, it kills the server and removes its folder.
//!
//! It reads from a pipe of which we alone hold the other end, so the kernel tells it of our end, a SIGKILL included.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

const SCRIPT: &str = r#"
folder=$1
cat >/dev/null
for process in /proc/[0-9]*; do
  if [ "$(readlink "$process/cwd")" = "$folder/data" ]; then kill -KILL "${process#/proc/}"; fi
done 2>/dev/null
rm -rf --one-file-system "$folder"
"#;

/// The shell; dropped, it does its work and ends.
#[derive(Debug)]
pub(super) struct Watcher {
    shell: Child,
}

impl Watcher {
    pub(super) fn start(folder: &Path) -> io::Result<Self> {
        let shell = Command::new("sh")
            .args(["-c", SCRIPT, "watcher"])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        Ok(Self { shell })
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        // It cannot fail in a way that would matter to a test that is over.
        let _ = self.shell.wait();
    }
}
