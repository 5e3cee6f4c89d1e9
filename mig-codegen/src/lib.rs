//! The MIG compiler.
//!
//! One pipeline of plain values: text → syntax tree → model → wire → tokens → files. Each arrow is one function, and
//! each value can be printed.

pub mod abi;
pub mod build;
pub mod compilation;
pub mod config;
pub mod join;
pub mod manifest;
pub mod model;
pub mod resolve;
pub mod rust;
pub mod types;
pub mod wire;

pub use abi::{Abi, Family};
pub use build::Failed;
pub use compilation::{Compilation, Generated, Unit};
pub use config::{Config, Sides, TypeSize};
pub use resolve::resolve;
pub use types::TypeTable;
