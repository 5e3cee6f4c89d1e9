//! The compiler, stage by stage: each file of `tests/cases` is a test.

mod bad;
mod layouts;
mod model;
mod output;
mod parse;
mod preprocess;
mod stages;
