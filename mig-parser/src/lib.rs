//! Reads MIG interface definitions.
//!
//! Text → tokens → syntax tree, for every dialect of the Mach Interface Generator: CMU Mach 2.5 and 3.0, GNU, OSF and
//! Darwin. This crate knows files and grammar and nothing about messages; what the definitions mean is the business
//! of `mig-codegen`.

pub mod ast;
pub mod diag;
pub mod dialect;
pub mod parse;
pub mod preprocess;
pub mod print;
pub mod source;
pub mod span;
