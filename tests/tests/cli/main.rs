//! The command line, run in this process: standard streams, environment and working directory are the tests' own.

mod formatter;
mod layouts;
mod run;
mod shell;
mod streams;
mod transcript;
mod transcripts;
