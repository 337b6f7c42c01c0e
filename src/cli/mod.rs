//! The command line: one file a command. Parses, runs, reports; all knowledge is elsewhere.
