//! Which contexts to look at: configured ones and what the platforms' own tools left here.
//! Reads files and environment only; a broken context becomes a source that says why, and never
//! hides the others.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::globals::Loaded;
use super::{Error, Globals};
use crate::config::ContextConfig;
use crate::config::problem::suggestion;
use crate::domain::id::SourceId;
use crate::domain::snapshot::View;
use crate::domain::source::{Failure, FailureKind};
use crate::domain::text::Text;
use crate::source::registry::{PLATFORMS, platform};
use crate::source::{BoxFuture, Cadence, Connected, Focus, Source};

/// How a context came to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The configuration file says so.
    Configured,
    /// A platform's own tool left it here.
    Discovered,
    /// Both name it; the configuration's settings hold.
    Both,
}

/// One context with its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The settings.
    pub config: ContextConfig,
    /// Where they are from.
    pub origin: Origin,
    /// Whether it is looked at only when somebody names it.
    pub on_request: bool,
}

/// Everything there is, and what was looked for in vain.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Contexts: configured ones first, each list in its own order.
    pub known: Vec<Known>,
    /// One sentence each.
    pub notes: Vec<String>,
}

/// Looks for contexts. A configuration that the person named, and that has contexts, is the whole
/// world, unless an environment was asked for by name.
pub fn find(loaded: &Loaded, globals: &Globals) -> Found {
    let mut found = Found::default();
    found.known.extend(loaded.config.contexts.iter().map(|config| Known {
        config: config.clone(),
        origin: Origin::Configured,
        on_request: false,
    }));
    if loaded.explicit && !found.known.is_empty() && globals.env.is_none() {
        return found;
    }
    for platform in PLATFORMS {
        let discovery = platform.discover();
        found.notes.extend(discovery.notes);
        let beneath = discovery.may_be_beneath && !found.known.is_empty();
        let (contexts, named) = (discovery.contexts.into_iter(), discovery.on_request.into_iter());
        for (config, on_request) in contexts.map(|config| (config, beneath)).chain(named.map(|config| (config, true))) {
            match found.known.iter_mut().find(|known| known.config.name == config.name) {
                Some(known) if known.config.platform == config.platform => known.origin = Origin::Both,
                // Another platform has the name already: that one is meant by it.
                Some(_) => {}
                None => found.known.push(Known { config, origin: Origin::Discovered, on_request }),
            }
        }
    }
    found
}

impl Found {
    /// The contexts that `--context` and `--env` choose; all without them.
    ///
    /// # Errors
    /// A name that nobody knows, or nothing found at all.
    pub fn choose(&self, loaded: &Loaded, globals: &Globals) -> Result<Vec<ContextConfig>, Error> {
        if self.known.is_empty() {
            return Err(self.nothing(loaded));
        }
        let is_environment = |known: &&Known| known.origin != Origin::Configured;
        let mut chosen: BTreeMap<&str, ContextConfig> = BTreeMap::new();
        for name in &globals.context {
            let known = self.named(name, "context", &self.known.iter().collect::<Vec<_>>())?;
            chosen.insert(name, known.config.clone());
        }
        if let Some(name) = &globals.env {
            let known = self.named(name, "environment", &self.known.iter().filter(is_environment).collect::<Vec<_>>())?;
            chosen.insert(name, known.config.clone());
        }
        if chosen.is_empty() {
            return Ok(self.known.iter().filter(|known| !known.on_request).map(|known| known.config.clone()).collect());
        }
        Ok(chosen.into_values().collect())
    }

    fn named<'a>(&'a self, name: &str, word: &str, among: &[&'a Known]) -> Result<&'a Known, Error> {
        if let Some(known) = among.iter().find(|known| known.config.name == name) {
            return Ok(known);
        }
        let names: Vec<&str> = among.iter().map(|known| known.config.name.as_str()).collect();
        let hint = match (names.is_empty(), self.notes.is_empty()) {
            (false, _) => suggestion(name, &names),
            (true, false) => self.notes.join("\n        "),
            (true, true) => "`holdup doctor` shows what was found".to_owned(),
        };
        Err(Error::usage(format!("no {word} is called `{name}`"), hint))
    }

    fn nothing(&self, loaded: &Loaded) -> Error {
        let mut looked = vec![match &loaded.file {
            Some(file) => format!("{} has no [contexts.NAME]", file.display()),
            None => match crate::config::Paths::find() {
                Some(paths) => format!("no {}", paths.config_file().display()),
                None => "no home folder, so no configuration file".to_owned(),
            },
        }];
        looked.extend(self.notes.iter().cloned());
        let hint = "`holdup demo` shows everything in a simulated cloud; `holdup config --example` prints a configuration to fill in";
        Error::usage(format!("nothing to look at was found\n  looked for:\n    {}", looked.join("\n    ")), hint)
    }
}

/// Contexts ready to be polled.
#[derive(Default)]
pub struct Session {
    /// Each with its sources.
    pub connected: Vec<(ContextConfig, Connected)>,
    /// What was looked for in vain.
    pub notes: Vec<String>,
}

/// Reads the configuration, finds contexts, chooses, connects. Asks no network.
///
/// # Errors
/// A wrong file, a wrong name, nothing found.
pub fn open(loaded: &Loaded, globals: &Globals) -> Result<Session, Error> {
    let found = find(loaded, globals);
    let chosen = found.choose(loaded, globals)?;
    tracing::info!(contexts = ?chosen.iter().map(|context| &context.name).collect::<Vec<_>>(), notes = ?found.notes, "contexts chosen");
    Ok(Session { connected: chosen.into_iter().map(connect).collect(), notes: found.notes })
}

/// Makes the sources of a context; one that cannot be used becomes a source that says why.
pub fn connect(config: ContextConfig) -> (ContextConfig, Connected) {
    let connected = if let Some(platform) = platform(&config.platform) {
        platform.connect(&config).unwrap_or_else(|failure| broken(&config, failure))
    } else {
        let ids: Vec<&str> = PLATFORMS.iter().map(|platform| platform.id()).collect();
        let message = format!("unknown platform `{}`", config.platform);
        broken(&config, Failure::new(FailureKind::Misconfigured, message, suggestion(&config.platform, &ids)))
    };
    (config, connected)
}

fn broken(config: &ContextConfig, failure: Failure) -> Connected {
    let id = SourceId::new(&Text::clean(&config.name), &config.platform);
    Connected { sources: vec![Box::new(Broken { id, failure })], logs: None }
}

/// A context that cannot be read, on the screen like any other.
struct Broken {
    id: SourceId,
    failure: Failure,
}

impl Source for Broken {
    fn id(&self) -> SourceId {
        self.id.clone()
    }

    fn cadence(&self) -> Cadence {
        let hour = Duration::from_hours(1);
        Cadence { moving: hour, calm: hour, deadline: Duration::from_secs(1) }
    }

    fn poll<'a>(&'a mut self, _focus: &'a Focus) -> BoxFuture<'a, Result<Arc<View>, Failure>> {
        Box::pin(std::future::ready(Err(self.failure.clone())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(name: &str, origin: Origin) -> Known {
        Known {
            config: ContextConfig { name: name.into(), platform: "cortex".into(), ..ContextConfig::default() },
            origin,
            on_request: false,
        }
    }

    fn found() -> Found {
        let named = Known { on_request: true, ..known("kind", Origin::Discovered) };
        let known = vec![known("prod", Origin::Both), known("lab", Origin::Configured), known("staging", Origin::Discovered), named];
        Found { known, notes: Vec::new() }
    }

    fn names(globals: &Globals) -> Vec<String> {
        found().choose(&Loaded::default(), globals).unwrap().into_iter().map(|context| context.name).collect()
    }

    #[test]
    fn without_a_choice_all_are_taken_and_a_choice_is_kept() {
        assert_eq!(names(&Globals::default()), ["prod", "lab", "staging"]);
        assert_eq!(names(&Globals { context: vec!["lab".into()], env: Some("prod".into()), ..Globals::default() }), ["lab", "prod"]);
        assert_eq!(names(&Globals { context: vec!["kind".into()], ..Globals::default() }), ["kind"], "what waits to be named is not lost");
    }

    #[test]
    fn a_wrong_name_gets_the_near_one_and_a_configured_context_is_no_environment() {
        let wrong = Globals { context: vec!["stagging".into()], ..Globals::default() };
        let error = found().choose(&Loaded::default(), &wrong).unwrap_err().to_string();
        assert!(error.contains("did you mean `staging`?"), "{error}");
        let lab = Globals { env: Some("lab".into()), ..Globals::default() };
        let error = found().choose(&Loaded::default(), &lab).unwrap_err().to_string();
        assert!(error.contains("no environment is called `lab`") && error.contains("there are: prod, staging, kind"), "{error}");
    }

    #[test]
    fn a_context_of_an_unknown_platform_is_a_source_that_says_so() {
        let (_, mut connected) = connect(ContextConfig { name: "x".into(), platform: "cortx".into(), ..ContextConfig::default() });
        let mut source = connected.sources.remove(0);
        let focus = Focus { snapshot: std::sync::Arc::default(), selected: None, now: crate::clock::now() };
        let outcome = futures_util::FutureExt::now_or_never(source.poll(&focus)).unwrap();
        assert!(outcome.unwrap_err().hint.contains("did you mean `cortex`?"));
    }
}
