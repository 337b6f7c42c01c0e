//! The last and thinnest layer: raw mode, input, signals, hang-up. Knows only the event types.
