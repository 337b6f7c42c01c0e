//! One turn: wait for something to happen, fold it into the model, perform what it asks for.
//!
//! Waiting changes nothing, folding does no IO, performing decides nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use super::frame::Frames;
use super::journal::Journal;
use super::logs::Logs;
use super::perform::{Outside, suspend};
use super::{Exit, give_up_after_signal};
use crate::clock;
use crate::console::effect::Effect;
use crate::console::event::{Event, Stamped};
use crate::console::keymap::Keymap;
use crate::console::update::update;
use crate::console::{Appearance, Model, Settings, draw};
use crate::domain::store::Update;
use crate::domain::text::Text;
use crate::source::poller::{self, Pollers};
use crate::source::{Focus, LogReader, LogRequest, Source};
use crate::terminal::input::FromTty;
use crate::terminal::keys::Input;
use crate::terminal::signals::{Request, Signals};

/// Updates that may wait for the loop; beyond that sources wait.
const WAITING: usize = 64;
/// A turn that takes longer than this is worth a line in the log.
const SLOW_TURN: Duration = Duration::from_millis(50);
/// After a stop the signal that we sent ourselves arrives; it asks for nothing new.
const ECHO: Duration = Duration::from_millis(500);
/// Ages tick no faster than this, whatever the screen would like.
const FASTEST_TICK: Duration = Duration::from_millis(250);

/// What a person and the system say.
pub(super) struct Inputs {
    from_tty: mpsc::Receiver<FromTty>,
    requests: mpsc::Receiver<Request>,
    _listener: AbortOnDropHandle<()>,
}

impl Inputs {
    /// Listens to signals on a worker: a loop that hangs in a write must still end when told to.
    pub(super) fn new(from_tty: mpsc::Receiver<FromTty>, mut signals: Signals, journal: Option<Journal>) -> Self {
        let (sender, requests) = mpsc::channel(16);
        let listener = tokio::spawn(async move {
            loop {
                let request = signals.next().await;
                if let Request::End(signal) = request {
                    give_up_after_signal(journal.clone(), signal);
                }
                if sender.send(request).await.is_err() {
                    return;
                }
            }
        });
        Self { from_tty, requests, _listener: AbortOnDropHandle::new(listener) }
    }
}

/// What the loop is made of.
pub(super) struct Parts {
    pub(super) sources: Vec<Box<dyn Source>>,
    pub(super) readers: BTreeMap<Text, Arc<dyn LogReader>>,
    pub(super) appearance: Appearance,
    pub(super) keymap: Keymap,
    pub(super) label: Option<Text>,
    pub(super) journal: Option<Journal>,
}

/// Something that woke the loop.
enum Happening {
    Event(Event),
    Request(Request),
    Frame,
    Lost,
}

pub(super) struct EventLoop {
    model: Model,
    appearance: Appearance,
    frames: Frames,
    outside: Outside,
    inputs: Inputs,
    focus: watch::Sender<Focus>,
    pollers: Pollers,
    updates: mpsc::Receiver<Update>,
    logs: Logs,
    events: mpsc::Receiver<Event>,
    journal: Option<Journal>,
    resumed: Option<Instant>,
    exit: Option<Exit>,
}

impl EventLoop {
    pub(super) fn new(parts: Parts, mut outside: Outside, inputs: Inputs) -> Self {
        let size = outside.screen.fit();
        let sources = parts.sources.iter().map(|source| source.id()).collect();
        let model = Model::new(Settings { keymap: parts.keymap, sources, size, label: parts.label, explain: crate::explain::run });
        let first = Focus { snapshot: Arc::new(model.live().clone()), selected: None, now: clock::now() };
        let (focus, watched) = watch::channel(first);
        let (update_sender, updates) = mpsc::channel(WAITING);
        let (event_sender, events) = mpsc::channel(4);
        let pollers = poller::spawn(parts.sources, &watched, &update_sender);
        outside.answers(event_sender.clone());
        let mut frames = Frames::default();
        frames.touch(false);
        Self {
            model,
            appearance: parts.appearance,
            frames,
            outside,
            inputs,
            focus,
            pollers,
            updates,
            logs: Logs::new(parts.readers, event_sender),
            events,
            journal: parts.journal,
            resumed: None,
            exit: None,
        }
    }

    /// Turns until something ends it.
    pub(super) async fn run(&mut self) -> Exit {
        loop {
            let happening = self.wait().await;
            let begun = Instant::now();
            match happening {
                Happening::Event(event) => self.take(event),
                Happening::Request(request) => self.heed(request),
                Happening::Frame => self.draw(),
                Happening::Lost => self.exit = Some(Exit::Lost),
            }
            if begun.elapsed() > SLOW_TURN {
                tracing::warn!(took_ms = begun.elapsed().as_millis(), "a slow turn");
            }
            if let Some(exit) = self.exit {
                return exit;
            }
        }
    }

    /// Stops what runs beside the loop.
    pub(super) fn stop(&mut self) {
        self.logs.close();
        self.pollers.stop();
    }

    /// First phase: names what happens next and changes nothing.
    async fn wait(&mut self) -> Happening {
        let (frame, tick) = (self.frames.due(), self.frames.tick());
        tokio::select! {
            Some(request) = self.inputs.requests.recv() => Happening::Request(request),
            from_tty = self.inputs.from_tty.recv() => match from_tty {
                Some(FromTty::Input(Input::Key(key))) => Happening::Event(Event::Key(key)),
                Some(FromTty::Input(Input::Paste(text))) => Happening::Event(Event::Paste(text)),
                // A late answer to a question asked before the start.
                Some(FromTty::Input(Input::Answer(_))) => Happening::Event(Event::Tick),
                Some(FromTty::Lost) | None => Happening::Lost,
            },
            Some(update) = self.updates.recv() => Happening::Event(Event::Update(Box::new(update))),
            Some(event) = self.events.recv() => Happening::Event(event),
            () = sleep_until(frame) => Happening::Frame,
            () = sleep_until(tick), if frame.is_none() => Happening::Event(Event::Tick),
        }
    }

    /// Second phase, and the third: the model changes, then what it asks for is done.
    fn take(&mut self, event: Event) {
        let stamped = Stamped { at: clock::now(), event };
        if let Some(journal) = &self.journal {
            journal.record(&stamped);
        }
        let is_update = matches!(stamped.event, Event::Update(_));
        self.frames.touch(matches!(stamped.event, Event::Key(_) | Event::Paste(_) | Event::Resize { .. }));
        let effects = update(&mut self.model, stamped);
        if is_update {
            let snapshot = Arc::new(self.model.live().clone());
            self.focus.send_modify(|focus| focus.snapshot = snapshot);
        }
        for effect in effects {
            self.perform(effect);
        }
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::PollNow(context) => self.pollers.poll_now(context.as_ref()),
            Effect::Focus(selected) => self.focus.send_modify(|focus| focus.selected = selected),
            Effect::OpenLog { stream, workload, job, replica, container, previous } => {
                self.logs.open(stream, LogRequest { workload, job, replica, container, previous });
            }
            Effect::CloseLog => self.logs.close(),
            Effect::Copy(text) => self.outside.copy(&text),
            Effect::SaveLog { name, lines } => self.outside.save(&name, lines),
            Effect::Notify(text) => self.outside.notify(&text),
            Effect::Repaint => self.outside.screen.repaint(),
            Effect::Suspend => self.suspend(),
            Effect::Quit => self.exit = Some(Exit::Quit),
        }
    }

    /// What the system asks for.
    fn heed(&mut self, request: Request) {
        match request {
            Request::End(signal) => self.exit = Some(Exit::Signalled(signal)),
            Request::Stop if self.resumed.is_some_and(|resumed| resumed.elapsed() < ECHO) => {}
            Request::Stop => self.suspend(),
            Request::Continued => self.resume(),
            Request::Resized => self.resize(),
        }
    }

    fn suspend(&mut self) {
        if suspend() {
            self.resumed = Some(Instant::now());
            self.resume();
        } else {
            self.take(Event::Done("no shell with job control is here to return to".into()));
        }
    }

    /// Takes the terminal again as it may be now.
    fn resume(&mut self) {
        if self.outside.retake().is_err() {
            self.exit = Some(Exit::Lost);
            return;
        }
        self.take(Event::Resumed);
        self.resize();
    }

    fn resize(&mut self) {
        let (width, height) = self.outside.screen.fit();
        if (width, height) != self.model.size {
            self.take(Event::Resize { width, height });
        }
        self.frames.touch(true);
    }

    fn draw(&mut self) {
        let now = clock::now();
        let (model, appearance) = (&self.model, &self.appearance);
        let mut tick = None;
        match self.outside.screen.draw(|buffer| tick = draw(buffer, model, appearance, now)) {
            Ok(_) => {
                self.frames.drawn(Instant::now(), tick.map(|tick| tick.max(FASTEST_TICK)));
            }
            Err(error) => {
                tracing::info!(%error, "the terminal takes no more frames");
                self.exit = Some(Exit::Lost);
            }
        }
    }
}

async fn sleep_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}
