//! The compiler, stage by stage: each file of `tests/cases` is a test.

mod bad;
mod model;
mod parse;
mod preprocess;
mod stages;
