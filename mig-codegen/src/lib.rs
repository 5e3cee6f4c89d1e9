//! The MIG compiler.
//!
//! One pipeline of plain values: text → syntax tree → model → wire → tokens → files. Each arrow is one function, and
//! each value can be printed.

pub mod abi;
pub mod model;
pub mod resolve;
pub mod types;
pub mod wire;

pub use abi::{Abi, Family};
pub use resolve::resolve;
