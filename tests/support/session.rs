//! Commands with their whole output, as a person sees them: what snapshots of the command line hold.

use std::path::{Path, PathBuf};

use crate::support::binary::{Ran, folder, run, same_ca};

/// A folder in which commands are typed.
pub struct Session {
    pub folder: PathBuf,
}

impl Session {
    /// In an empty folder of its own.
    pub fn new(name: &str) -> Session {
        Session { folder: folder(name) }
    }

    /// Runs `same-ca` with words that hold no blanks, `< NAME` being standard input, and shows the command, all that it
    /// writes, and how it ends.
    pub fn run(&self, line: &str) -> String {
        let (arguments, input) = line.split_once(" < ").unwrap_or((line, ""));
        let input = match input {
            "" => Vec::new(),
            name => std::fs::read(self.folder.join(name)).unwrap(),
        };
        let mut command = same_ca(&arguments.split_whitespace().collect::<Vec<_>>());
        command.current_dir(&self.folder);
        shown(line, &run(command, input), &self.folder)
    }
}

/// A command, what it wrote (standard error behind `!`), and its exit code.
pub fn shown(line: &str, ran: &Ran, folder: &Path) -> String {
    let mut shown = format!("$ same-ca {line}").trim_end().to_owned() + "\n";
    shown += ran.text();
    for line in ran.stderr.lines() {
        shown += format!("! {line}").trim_end();
        shown += "\n";
    }
    shown += &format!("[exit code {}]\n", ran.code);
    masked(&shown, folder)
}

/// Without what differs from run to run and from system to system.
pub fn masked(text: &str, folder: &Path) -> String {
    let folder = folder.to_str().unwrap();
    let text: String = text.lines().map(|line| without_system_words(line) + "\n").collect();
    // In JSON a backslash is written twice.
    text.replace(&folder.replace('\\', r"\\"), "[folder]")
        .replace(folder, "[folder]")
        .replace(r"[folder]\\", "[folder]/")
        .replace(r"[folder]\", "[folder]/")
        .replace("same-ca.exe", "same-ca")
        .replace(env!("CARGO_PKG_VERSION"), "[version]")
}

/// The last part of a line where it is the system's own, as in `nowhere.pem: No such file or directory (os error 2)`.
fn without_system_words(line: &str) -> String {
    let system = line
        .split_once(" (os error ")
        .and_then(|(said, _)| said.rsplit_once(": "));
    system.map_or_else(
        || line.to_owned(),
        |(ours, _)| format!("{ours}: [what the system says]"),
    )
}
