//! The built-in C preprocessor: directives, macros, includes.

pub mod origins;

pub use origins::Origins;
