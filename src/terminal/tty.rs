//! The terminal's descriptors: duplicates of our own, so that the standard three can be pointed
//! elsewhere when the terminal is gone.

use std::io::{self, IsTerminal};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

/// Whether a person sits in front: both standard input and output are a terminal.
pub fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// The largest screen painted; a terminal may claim any size, and cells cost memory.
pub const LARGEST: (u16, u16) = (1_000, 500);

/// A terminal, read from one descriptor and written to another.
#[derive(Debug)]
pub struct Tty {
    input: OwnedFd,
    output: OwnedFd,
}

impl Tty {
    /// The terminal at standard input and output.
    ///
    /// # Errors
    /// When either is not a terminal, or the process is out of descriptors.
    pub fn open() -> io::Result<Self> {
        if !is_interactive() {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "standard input and output are not both a terminal"));
        }
        Ok(Self { input: rustix::io::fcntl_dupfd_cloexec(io::stdin(), 3)?, output: rustix::io::fcntl_dupfd_cloexec(io::stdout(), 3)? })
    }

    /// Another handle on the same terminal.
    ///
    /// # Errors
    /// When the process is out of descriptors.
    pub fn duplicate(&self) -> io::Result<Self> {
        Ok(Self { input: self.input.try_clone()?, output: self.output.try_clone()? })
    }

    /// Where keys come from.
    pub fn input(&self) -> BorrowedFd<'_> {
        self.input.as_fd()
    }

    /// Where frames go.
    pub fn output(&self) -> BorrowedFd<'_> {
        self.output.as_fd()
    }

    /// Columns and rows, up to [`LARGEST`]. A terminal that does not know says 80x24 here.
    pub fn size(&self) -> (u16, u16) {
        match rustix::termios::tcgetwinsize(&self.output) {
            Ok(size) if size.ws_col > 0 && size.ws_row > 0 => (size.ws_col.min(LARGEST.0), size.ws_row.min(LARGEST.1)),
            _ => (80, 24),
        }
    }

    /// Whether the other end hung up.
    pub fn is_gone(&self) -> bool {
        let mut fds = [PollFd::new(&self.input, PollFlags::empty())];
        let instant = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut fds, Some(&instant)).is_err()
            || fds.iter().any(|fd| fd.revents().intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL))
    }

    /// Writes everything, waiting for the terminal where it is slow.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match rustix::io::write(&self.output, bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
                Err(Errno::INTR) => {}
                // Somebody else made the shared description non-blocking.
                Err(Errno::AGAIN) => {
                    poll(&mut [PollFd::new(&self.output, PollFlags::OUT)], None)?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

/// Points the standard descriptors at nothing, so that no later print can fail, block or panic
/// on a terminal that is gone.
pub fn silence_standard_streams() {
    let Ok(null) = std::fs::OpenOptions::new().read(true).write(true).open("/dev/null") else { return };
    // Best effort: there is nobody left to tell.
    let _ = rustix::stdio::dup2_stdin(&null);
    let _ = rustix::stdio::dup2_stdout(&null);
    let _ = rustix::stdio::dup2_stderr(&null);
}
