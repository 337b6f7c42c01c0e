//! Effects that reach outside the program: the terminal, its clipboard, files, job control. What
//! fails here becomes a sentence on the screen.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tokio::sync::mpsc;

use crate::console::event::Event;
use crate::domain::text::Text;
use crate::terminal::outside::{CLIPBOARD_LIMIT, Notify, clipboard, notification};
use crate::terminal::{Capabilities, Modes, Screen, modes, signals};

/// The person's side: screen, clipboard, files.
pub(super) struct Outside {
    pub(super) screen: Screen,
    modes: Modes,
    notify: Notify,
    answers: Option<mpsc::Sender<Event>>,
}

impl Outside {
    pub(super) fn new(screen: Screen, modes: Modes, notify: Notify) -> Self {
        Self { screen, modes, notify, answers: None }
    }

    /// Where sentences about ended effects go.
    pub(super) fn answers(&mut self, answers: mpsc::Sender<Event>) {
        self.answers = Some(answers);
    }

    /// Puts text on the clipboard.
    pub(super) fn copy(&self, text: &Text) {
        match clipboard(text, Capabilities::of_this_process().multiplexer) {
            Some(sequence) => self.send(&sequence),
            None => self.answer(format!("too long for the clipboard: more than {} KiB", CLIPBOARD_LIMIT / 1024)),
        }
    }

    /// Tells the person, if they want to be told.
    pub(super) fn notify(&self, text: &Text) {
        if self.notify != Notify::Off {
            self.send(&notification(text, self.notify, Capabilities::of_this_process().multiplexer));
        }
    }

    fn send(&self, sequence: &[u8]) {
        if let Err(error) = self.screen.send(sequence) {
            tracing::info!(%error, "the terminal takes nothing more");
        }
    }

    /// Writes lines to a new file in the working folder; the answer comes when it is done.
    pub(super) fn save(&self, name: &Text, lines: Vec<Text>) {
        let name = file_name(name);
        let answers = self.answers.clone();
        tokio::task::spawn_blocking(move || {
            let said = match save_lines(Path::new("."), &name, &lines) {
                Ok(path) => format!("saved {} lines to {}", lines.len(), path.display()),
                Err(error) => format!("not saved: {error}; start holdup in a folder you may write"),
            };
            // A console that ended needs no answer.
            let _ = answers.map(|answers| answers.blocking_send(Event::Done(said.into())));
        });
    }

    /// Takes the terminal again; the next frame is painted whole.
    pub(super) fn retake(&mut self) -> io::Result<()> {
        self.screen.retake(&self.modes)
    }

    fn answer(&self, said: String) {
        if let Some(answers) = &self.answers {
            // Full means that more important things are being said.
            let _ = answers.try_send(Event::Done(said.into()));
        }
    }
}

/// Gives the terminal to the shell until continued; `false` when there is no such shell.
pub(super) fn suspend() -> bool {
    if !signals::has_job_control() {
        return false;
    }
    modes::give_back();
    signals::stop_until_continued();
    true
}

/// A name from the world outside as a plain file name.
fn file_name(name: &Text) -> String {
    let safe = |character: char| character.is_alphanumeric() || matches!(character, '.' | '-' | '_');
    let name: String = name.chars().take(100).map(|character| if safe(character) { character } else { '-' }).collect();
    let name = name.trim_start_matches('.');
    if name.is_empty() { "holdup.log".to_owned() } else { name.to_owned() }
}

/// The most files of one name.
const MOST_COPIES: u32 = 1_000;

fn save_lines(folder: &Path, name: &str, lines: &[Text]) -> io::Result<PathBuf> {
    for copy in 1..=MOST_COPIES {
        let path = folder.join(if copy == 1 { name.to_owned() } else { format!("{name}.{copy}") });
        match File::options().write(true).create_new(true).open(&path) {
            Ok(file) => {
                let mut writer = io::BufWriter::new(file);
                for line in lines {
                    writeln!(writer, "{line}")?;
                }
                writer.flush()?;
                return Ok(path);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("{name} exists a thousand times")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn saving_never_overwrites_nor_leaves_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let name = file_name(&"../../etc/pass wd".into());
        assert!(!name.contains(['/', ' ']) && !name.starts_with('.'), "{name}");
        let first = save_lines(folder.path(), &name, &["one".into(), "two".into()]).unwrap();
        let second = save_lines(folder.path(), &name, &["three".into()]).unwrap();
        assert_ne!(first, second);
        assert_eq!(std::fs::read_to_string(first).unwrap(), "one\ntwo\n");
        assert_eq!(file_name(&"..".into()), "holdup.log");
    }
}
