//! Writes a file of any size. What makes it large goes past the system's cache, while more is made.
//!
//! Copying a gigabyte into the cache, page by page, takes as long as producing it, and all of it must still reach the
//! disk at the end. `benches/fleet.rs` measures what this saves. So what follows the beginning of a file is written in
//! large blocks straight to the disk (`O_DIRECT`), by a thread that does little but wait for it. Where the system or
//! the disk's format has no such thing, the same thread writes through the cache.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, Scope, ScopedJoinHandle};

use super::BUFFER;

/// Bytes at the beginning that go through the cache: most files have no more, and are read again soon.
const CACHED: usize = 32 * 1024 * 1024;
/// Bytes of a block: a disk is busy with it for some milliseconds.
const BLOCK: usize = 4 * 1024 * 1024;
/// One block is written while another is filled, and one is there for when either is late.
const BLOCKS: usize = 3;
/// What a disk may want the places in memory and in the file to be multiples of.
const ALIGN: usize = 4096;

/// Writes to a file what is written bit by bit.
pub(super) fn write_by(file: &File, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    thread::scope(|scope| {
        let mut out = Out {
            file,
            beginning: BufWriter::with_capacity(BUFFER, file),
            room: CACHED,
            rest: None,
            scope,
        };
        let made = write(&mut out);
        // The disk says why it took no more; `made` only knows that it did not.
        out.end().and(made)
    })
}

struct Out<'scope, 'env> {
    file: &'env File,
    beginning: BufWriter<&'env File>,
    /// Bytes that may still go through the cache.
    room: usize,
    rest: Option<Rest<'scope>>,
    scope: &'scope Scope<'scope, 'env>,
}

impl Write for Out<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.room > 0 {
            // To the byte, so that the blocks that follow begin where a disk wants them to.
            let bytes = bytes.get(..self.room).unwrap_or(bytes);
            self.beginning.write_all(bytes)?;
            self.room -= bytes.len();
            return Ok(bytes.len());
        }
        let rest = match &mut self.rest {
            Some(rest) => rest,
            None => {
                self.beginning.flush()?;
                self.rest.insert(Rest::new(self.file, self.scope))
            }
        };
        rest.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Out<'_, '_> {
    fn end(mut self) -> io::Result<()> {
        self.beginning.flush()?;
        self.rest.map_or(Ok(()), Rest::end)
    }
}

/// What follows the beginning, on its way to the thread that writes it.
struct Rest<'scope> {
    block: Block,
    filled: Sender<Block>,
    free: Receiver<Block>,
    thread: ScopedJoinHandle<'scope, io::Result<()>>,
}

impl<'scope> Rest<'scope> {
    fn new<'env>(file: &'env File, scope: &'scope Scope<'scope, 'env>) -> Self {
        let (filled, to_write) = channel();
        let (written, free) = channel();
        for _ in 1..BLOCKS {
            // Its receiver is here.
            let _ = written.send(Block::new());
        }
        Rest {
            block: Block::new(),
            filled,
            free,
            thread: scope.spawn(move || write_blocks(file, &to_write, &written)),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.block.fill(bytes);
        if self.block.length == BLOCK {
            // Without a block the thread has ended, and says itself why.
            let free = self.free.recv().map_err(|_| io::ErrorKind::BrokenPipe)?;
            let full = std::mem::replace(&mut self.block, free);
            self.filled.send(full).map_err(|_| io::ErrorKind::BrokenPipe)?;
        }
        Ok(taken)
    }

    fn end(self) -> io::Result<()> {
        // Only a thread that failed has ended.
        let _ = self.filled.send(self.block);
        drop(self.filled);
        self.thread
            .join()
            .unwrap_or_else(|_| Err(io::Error::other("the thread that writes came to grief")))
    }
}

/// Bytes that begin in memory where a disk wants them to.
struct Block {
    bytes: Vec<u8>,
    start: usize,
    length: usize,
}

impl Block {
    fn new() -> Self {
        let bytes = vec![0; BLOCK + ALIGN];
        Block {
            start: bytes.as_ptr().align_offset(ALIGN).min(ALIGN),
            length: 0,
            bytes,
        }
    }

    /// Takes as many bytes as it has room for, and says how many.
    fn fill(&mut self, bytes: &[u8]) -> usize {
        let room = self.bytes.get_mut(self.start + self.length..self.start + BLOCK);
        let room = room.unwrap_or_default();
        let taken = bytes.len().min(room.len());
        let (room, _) = room.split_at_mut(taken);
        room.copy_from_slice(bytes.get(..taken).unwrap_or_default());
        self.length += taken;
        taken
    }

    fn filled(&self) -> &[u8] {
        self.bytes.get(self.start..self.start + self.length).unwrap_or_default()
    }
}

/// Writes blocks in the order in which they come, and gives them back.
fn write_blocks(file: &File, blocks: &Receiver<Block>, written: &Sender<Block>) -> io::Result<()> {
    let mut direct = past_the_cache(file, true);
    for mut block in blocks {
        // The last one ends where it ends.
        if direct && block.length < BLOCK {
            direct = past_the_cache(file, false);
        }
        let mut rest = block.filled();
        while !rest.is_empty() {
            let most = if direct { BLOCK } else { BUFFER };
            match (&mut &*file).write(rest.get(..most).unwrap_or(rest)) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(taken) => rest = rest.get(taken..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Not every disk's format can, and some say so only now.
                Err(error) if direct && error.kind() == io::ErrorKind::InvalidInput => {
                    direct = past_the_cache(file, false);
                }
                Err(error) => return Err(error),
            }
        }
        block.length = 0;
        // Nobody takes back the last.
        let _ = written.send(block);
    }
    Ok(())
}

/// Asks for writing past the system's cache, or through it; says whether what is written now goes past it.
#[cfg(target_os = "linux")]
fn past_the_cache(file: &File, past: bool) -> bool {
    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
    let set = fcntl_getfl(file).and_then(|flags| {
        let flags = if past {
            flags | OFlags::DIRECT
        } else {
            flags - OFlags::DIRECT
        };
        fcntl_setfl(file, flags)
    });
    past && set.is_ok()
}

#[cfg(not(target_os = "linux"))]
fn past_the_cache(_: &File, _: bool) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::*;

    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            Scratch(std::env::temp_dir().join(format!("same-ca-large-{}-{name}", std::process::id())))
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_file(&self.0);
        }
    }

    /// Bytes that repeat at no power of two.
    fn bytes(length: usize) -> Vec<u8> {
        (0..length).map(|index| (index % 251) as u8).collect()
    }

    #[test]
    fn a_file_holds_what_was_written_whatever_its_length_and_its_pieces() {
        let scratch = Scratch::new("lengths");
        let all = bytes(CACHED + 4 * BLOCK + 1);
        for length in [0, 1, CACHED - 1, CACHED, CACHED + 1, CACHED + BLOCK, all.len()] {
            for piece in [ALIGN - 1, BLOCK + 1] {
                let file = File::create(&scratch.0).unwrap();
                let expected = &all[..length];
                write_by(&file, |out| {
                    expected.chunks(piece).try_for_each(|piece| out.write_all(piece))
                })
                .unwrap();
                assert!(
                    fs::read(&scratch.0).unwrap() == expected,
                    "{length} bytes, {piece} at a time"
                );
            }
        }
    }

    #[test]
    fn what_the_disk_says_comes_first_and_a_failure_in_between_is_told_too() {
        let scratch = Scratch::new("failures");
        File::create(&scratch.0).unwrap();
        // A file that is open for reading takes nothing.
        let file = File::open(&scratch.0).unwrap();
        let all = bytes(CACHED + 5 * BLOCK);
        let error = write_by(&file, |out| out.write_all(&all)).unwrap_err();
        assert_ne!(error.kind(), io::ErrorKind::BrokenPipe);
        let file = File::create(&scratch.0).unwrap();
        let error = write_by(&file, |_| Err(io::ErrorKind::TimedOut.into())).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_disk_that_is_full_is_told_by_its_own_words() {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let (sender, blocks) = channel();
        let (back, _free) = channel();
        let mut block = Block::new();
        assert_eq!(block.fill(&bytes(BLOCK + 1)), BLOCK);
        sender.send(block).unwrap();
        drop(sender);
        let error = write_blocks(&full, &blocks, &back).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}
