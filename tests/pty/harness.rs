//! A program in a pseudo-terminal: keys go in, a screen comes out, and the line can be cut.

use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// Long enough for a loaded machine; nothing waits this long when all is well.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A program at a terminal of its own.
pub struct Session {
    master: Option<Box<dyn MasterPty + Send>>,
    writer: Option<Box<dyn Write + Send>>,
    child: Box<dyn Child + Send + Sync>,
    shared: Arc<Shared>,
    chunks: Receiver<Vec<u8>>,
    reader: Option<JoinHandle<()>>,
}

struct Shared {
    screen: Mutex<vt100::Parser>,
    bytes: AtomicUsize,
    cut: AtomicBool,
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

impl Session {
    /// Starts a program as the leader of a session at a terminal of this size.
    pub fn start(command: &[&str], columns: u16, rows: u16) -> Self {
        let pair = native_pty_system().openpty(size(columns, rows)).expect("a pseudo-terminal");
        let mut builder = CommandBuilder::new(command[0]);
        builder.args(&command[1..]);
        for (name, value) in [("TERM", "xterm-256color"), ("LANG", "C.UTF-8"), ("LC_ALL", "C.UTF-8")] {
            builder.env(name, value);
        }
        for name in ["NO_COLOR", "COLORTERM", "TMUX", "STY", "HOLDUP_CONFIG"] {
            builder.env_remove(name);
        }
        let child = pair.slave.spawn_command(builder).expect("the program starts");
        drop(pair.slave);
        let mut output = pair.master.try_clone_reader().expect("a reader");
        let writer = pair.master.take_writer().expect("a writer");
        let parser = vt100::Parser::new(rows.try_into().unwrap(), columns.try_into().unwrap(), 0);
        let shared = Arc::new(Shared { screen: Mutex::new(parser), bytes: AtomicUsize::new(0), cut: AtomicBool::new(false) });
        let (sender, chunks) = mpsc::channel();
        let seen = Arc::clone(&shared);
        let reader = thread::spawn(move || {
            let mut buffer = vec![0; 64 * 1024];
            while let Ok(length @ 1..) = output.read(&mut buffer) {
                if seen.cut.load(Ordering::SeqCst) {
                    return;
                }
                seen.screen.lock().unwrap().process(&buffer[..length]);
                seen.bytes.fetch_add(length, Ordering::SeqCst);
                let _ = sender.send(buffer[..length].to_vec());
            }
        });
        Self { master: Some(pair.master), writer: Some(writer), child, shared, chunks, reader: Some(reader) }
    }

    /// The process's id.
    pub fn pid(&self) -> u32 {
        self.child.process_id().expect("it runs")
    }

    /// Types.
    pub fn send(&mut self, keys: &str) {
        let writer = self.writer.as_mut().expect("the line is up");
        writer.write_all(keys.as_bytes()).expect("the terminal takes keys");
        writer.flush().expect("the terminal takes keys");
    }

    /// What the screen says.
    pub fn text(&self) -> String {
        self.shared.screen.lock().unwrap().screen().contents()
    }

    /// Looks at the screen.
    pub fn look<T>(&self, look: impl FnOnce(&vt100::Screen) -> T) -> T {
        look(self.shared.screen.lock().unwrap().screen())
    }

    /// Bytes received so far.
    pub fn bytes(&self) -> usize {
        self.shared.bytes.load(Ordering::SeqCst)
    }

    /// Waits until the screen is as wanted.
    pub fn wait_for(&mut self, what: &str, wanted: impl Fn(&vt100::Screen) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !self.look(&wanted) {
            assert!(Instant::now() < end, "waited in vain for {what}; the screen says:\n{}", self.text());
            let _ = self.chunks.recv_timeout(Duration::from_millis(100));
        }
    }

    /// Waits until the screen says this.
    pub fn wait_for_text(&mut self, text: &str) {
        self.wait_for(text, |screen| screen.contents().contains(text));
    }

    /// Waits for the next output; `None` when none comes in time.
    pub fn next_output(&mut self, limit: Duration) -> Option<Vec<u8>> {
        self.chunks.recv_timeout(limit).ok()
    }

    /// Forgets output that has come already.
    pub fn drain(&mut self) {
        while self.chunks.try_recv().is_ok() {}
    }

    /// Waits until nothing came for so long.
    pub fn settle(&mut self, quiet: Duration) {
        let end = Instant::now() + PATIENCE;
        while self.chunks.recv_timeout(quiet).is_ok() {
            assert!(Instant::now() < end, "never quiet; the screen says:\n{}", self.text());
        }
    }

    /// Gives the terminal another size.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        let parser = &mut *self.shared.screen.lock().unwrap();
        parser.screen_mut().set_size(rows.try_into().unwrap(), columns.try_into().unwrap());
        self.master.as_ref().expect("the line is up").resize(size(columns, rows)).expect("a resize");
    }

    /// Sends a signal.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = i32::try_from(self.pid()).ok().and_then(rustix::process::Pid::from_raw).expect("a process id");
        rustix::process::kill_process(pid, signal).expect("the process takes signals");
    }

    /// Cuts the line: nobody holds the other end any more. The key makes the program paint, which
    /// wakes our reader so that it lets go of its descriptor.
    pub fn hang_up(&mut self, key: &str) {
        self.shared.cut.store(true, Ordering::SeqCst);
        self.send(key);
        self.reader.take().expect("hung up once").join().expect("the reader ends");
        self.writer = None;
        self.master = None;
    }

    /// Waits for the end and tells the exit status.
    pub fn wait(&mut self) -> u32 {
        self.ends_within(PATIENCE).unwrap_or_else(|| panic!("it never ends; the screen says:\n{}", self.text()))
    }

    /// The exit status, if the program ends in time.
    pub fn ends_within(&mut self, limit: Duration) -> Option<u32> {
        let end = Instant::now() + limit;
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait().expect("a child to wait for") {
                return Some(status.exit_code());
            }
            thread::sleep(Duration::from_millis(5));
        }
        None
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
