//! The compiler, stage by stage: each file of `tests/cases` is a test.

mod parse;
mod preprocess;
