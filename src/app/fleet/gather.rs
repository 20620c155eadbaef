//! Reads every report that is named, on all cores.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use crate::app::context::Context;
use crate::error::Error;
use crate::fleet::Fleet;
use crate::fleet::input::{Documents, Origin, Piece};
use crate::output::Progress;
use crate::protocol::fleet::{Text, UnreadableCode};
use crate::protocol::{Fault, Timestamp};

use super::blocks::{BLOCK, Blocks, Taken, fill, lock};
use super::documents::{
    DOCUMENT_LIMIT, FLEET_LIMIT, is_lines, is_yaml, limit, run_of_lines, too_large, utf16, whole, yaml,
};
use super::files::{find, is_pipe, named, open, words};

/// Files that are read at once between two additions to the fleet.
const FILES: usize = 512;
/// The size up to which a file is read with others at once, in bytes; a larger one is shared by all cores.
const SMALL_FILE: u64 = 4 * 1024 * 1024;

/// Reads everything that is named.
pub(super) fn gather(
    named: &[String],
    as_of: Option<Timestamp>,
    stdin: &mut (dyn Read + Send),
    context: &Context<'_>,
) -> Result<Fleet, Error> {
    let documents = Documents::default();
    let mut gathering = Gathering {
        documents: &documents,
        fleet: Fleet::new(as_of),
        done: 0,
        context,
    };
    let mut files: Vec<PathBuf> = Vec::new();
    // Pipes are read where they are named, as `<(…)` of a shell is, and not where they lie in a folder.
    let mut pipes: Vec<PathBuf> = Vec::new();
    for name in named {
        if name == "-" {
            let source = Text::from("-");
            gathering.stream(stdin, whole_file(&source)).map_err(Error::Input)?;
            continue;
        }
        if is_pipe(name) {
            pipes.push(name.into());
            continue;
        }
        find(Path::new(name), name, &mut files)?;
    }
    for pipe in pipes {
        let source = self::named(&pipe);
        let read = File::open(&pipe).and_then(|mut pipe| gathering.stream(&mut pipe, whole_file(&source)));
        read.map_err(|error| Fault::usage(format!("{}: {}", pipe.display(), words(error.kind()))))?;
    }
    // A file that is named twice is read once.
    let mut seen = std::collections::HashSet::new();
    files.retain(|file| seen.insert(file.clone()));
    drop(seen);
    for group in files.chunks(FILES) {
        gathering.files(group);
    }
    Ok(gathering.fleet)
}

fn whole_file(source: &Text) -> Origin<'_> {
    Origin { source, line: None }
}

/// Reading under way.
struct Gathering<'a> {
    documents: &'a Documents,
    fleet: Fleet,
    done: usize,
    context: &'a Context<'a>,
}

impl Gathering<'_> {
    fn add(&mut self, pieces: impl IntoIterator<Item = Piece, IntoIter: ExactSizeIterator>) {
        let pieces = pieces.into_iter();
        self.done += pieces.len();
        self.fleet.add(pieces, self.documents);
        (self.context.progress)(Progress {
            what: "reports",
            done: self.done,
            total: None,
        });
    }

    /// Reads files: small ones many at a time, large ones by themselves.
    pub(super) fn files(&mut self, files: &[PathBuf]) {
        let small = |path: &PathBuf| {
            fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.len() <= SMALL_FILE)
        };
        let documents = self.documents;
        let read: Vec<Option<Vec<Piece>>> = files
            .par_iter()
            .map(|path| {
                small(path).then(|| {
                    let source = named(path);
                    let origin = whole_file(&source);
                    match read_small(path) {
                        Ok(bytes) => whole(documents, bytes, origin),
                        Err(why) => vec![origin.unreadable(UnreadableCode::BadFile, why)],
                    }
                })
            })
            .collect();
        for (path, pieces) in files.iter().zip(read) {
            match pieces {
                Some(pieces) => self.add(pieces),
                None => self.large(path),
            }
        }
    }

    fn large(&mut self, path: &Path) {
        let source = named(path);
        let origin = whole_file(&source);
        let read = open(path).and_then(|mut file| self.stream(&mut file, origin).map_err(|error| words(error.kind())));
        if let Err(why) = read {
            self.add(vec![origin.unreadable(UnreadableCode::BadFile, why)]);
        }
    }

    /// Reads a stream: a document a line as it comes, anything else whole.
    fn stream(&mut self, input: &mut (dyn Read + Send), origin: Origin<'_>) -> io::Result<()> {
        let mut block = Vec::new();
        let mut ended = fill(input, &mut block, BLOCK)?;
        if utf16(&block) {
            return self.rest(input, block, ended, origin);
        }
        if is_yaml(&block) {
            let pieces = vec![yaml(origin)];
            self.add(pieces);
            return Ok(());
        }
        // The first line may be longer than a block: a fleet report is one line.
        while !ended && !block.contains(&b'\n') && block.len() < limit(&block) {
            let more = block.len() * 2;
            let limit = limit(&block);
            ended = fill(input, &mut block, more.min(limit))?;
        }
        if ended || !is_lines(&block) {
            return self.rest(input, block, ended, origin);
        }
        self.lines(input, block, origin)
    }

    /// Reads what is left of a document, or of several, whole.
    pub(super) fn rest(
        &mut self,
        input: &mut (dyn Read + Send),
        mut block: Vec<u8>,
        mut ended: bool,
        origin: Origin<'_>,
    ) -> io::Result<()> {
        if !ended {
            ended = fill(input, &mut block, DOCUMENT_LIMIT)?;
        }
        if !ended && limit(&block) > DOCUMENT_LIMIT {
            ended = fill(input, &mut block, FLEET_LIMIT)?;
        }
        let pieces = match ended {
            true => whole(self.documents, block, origin),
            false => vec![too_large(origin)],
        };
        self.add(pieces);
        Ok(())
    }

    /// Reads a document a line: each thread takes the next block of lines, reads it, and adds what it found.
    fn lines(&mut self, input: &mut (dyn Read + Send), block: Vec<u8>, origin: Origin<'_>) -> io::Result<()> {
        let blocks = Mutex::new(Blocks {
            input,
            rest: block,
            before: 0,
            ended: false,
            failed: None,
        });
        let documents = self.documents;
        let source = origin.source;
        let gathering = Mutex::new(self);
        rayon::broadcast(|_| {
            // Of its own, because counting the users of one text on all threads costs more than the text.
            let source = Text::from(&**source);
            let (mut block, mut pieces) = (Vec::new(), Vec::new());
            loop {
                let taken = lock(&blocks).take(&mut block);
                let Some(before) = taken else { break };
                match before {
                    Taken::Lines(before) => run_of_lines(documents, &block, before, &source, &mut pieces),
                    Taken::TooLong(line) => pieces.push(too_large(Origin {
                        source: &source,
                        line: Some(line),
                    })),
                }
                lock(&gathering).add(pieces.drain(..));
            }
        });
        blocks
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
            .failed
            .map_or(Ok(()), Err)
    }
}

/// Reads a file that was small when it was looked at.
fn read_small(path: &Path) -> Result<Vec<u8>, &'static str> {
    let mut bytes = Vec::new();
    let read = open(path)?.take(SMALL_FILE * 2).read_to_end(&mut bytes);
    read.map_err(|error| words(error.kind()))?;
    match bytes.len() as u64 >= SMALL_FILE * 2 {
        true => Err("grew while it was read"),
        false => Ok(bytes),
    }
}
