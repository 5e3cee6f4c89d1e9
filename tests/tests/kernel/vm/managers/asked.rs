//! What the kernel says to a manager, as values and as lines.

use std::fmt;
use std::sync::Arc;

use generated::mach3::types::CopyStrategy;
use mig_rt::{KernReturn, Protection};

use super::object::Object;
use crate::vm::PAGE;

/// A message to a manager.
#[derive(Clone)]
pub(crate) enum Asked {
    Init {
        page_size: u64,
    },
    Request {
        offset: u64,
        length: u64,
        access: Protection,
    },
    Unlock {
        offset: u64,
        length: u64,
        access: Protection,
    },
    Return {
        offset: u64,
        data: Vec<u8>,
        dirty: bool,
        kept: bool,
    },
    Write {
        offset: u64,
        data: Vec<u8>,
    },
    Copy {
        offset: u64,
        length: u64,
        new: Arc<Object>,
    },
    LockCompleted {
        offset: u64,
        length: u64,
    },
    SupplyCompleted {
        offset: u64,
        length: u64,
        result: Result<(), KernReturn>,
        error_offset: u64,
    },
    ChangeCompleted {
        may_cache: bool,
        strategy: CopyStrategy,
    },
    Terminate,
    /// A right to answer went away unused.
    Unanswered,
}

/// A message, and how it came.
#[derive(Clone)]
pub(crate) struct Heard {
    pub(crate) object: Arc<Object>,
    pub(crate) asked: Asked,
    /// In the form that has it.
    pub(crate) seqno: Option<u32>,
}

fn access(it: Protection) -> String {
    let kinds = [(Protection::READ, "read"), (Protection::WRITE, "write"), (Protection::EXECUTE, "execute")];
    let named: Vec<&str> = kinds.iter().filter(|kind| it.0 & kind.0.0 != 0).map(|kind| kind.1).collect();
    named.join("+")
}

/// The first byte of each page, and a mark where others differ from it.
pub(crate) fn pages(data: &[u8]) -> String {
    let page = |it: &[u8]| format!("{}{}", it[0], if it.iter().all(|byte| *byte == it[0]) { "" } else { "~" });
    data.chunks(PAGE as usize).map(page).collect::<Vec<_>>().join(" ")
}

pub(crate) fn strategy(it: CopyStrategy) -> String {
    let known = ["NONE", "CALL", "DELAY", "TEMPORARY"];
    usize::try_from(it.0).ok().and_then(|it| known.get(it)).map_or_else(|| it.0.to_string(), |it| (*it).to_owned())
}

fn code(it: &Result<(), KernReturn>) -> &'static str {
    it.map_or_else(|it| it.name().unwrap_or("?"), |()| "KERN_SUCCESS")
}

impl fmt::Display for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.object.name;
        match &self.asked {
            Asked::Init { page_size } => write!(f, "init {name} {page_size}")?,
            Asked::Request { offset, length, access: it } => {
                write!(f, "data_request {name} {offset:#x} {length:#x} {}", access(*it))?;
            }
            Asked::Unlock { offset, length, access: it } => {
                write!(f, "data_unlock {name} {offset:#x} {length:#x} {}", access(*it))?;
            }
            Asked::Return { offset, data, dirty, kept } => {
                let (dirty, kept) = (if *dirty { "dirty" } else { "clean" }, if *kept { "kept" } else { "gone" });
                write!(f, "data_return {name} {offset:#x} [{}] {dirty} {kept}", pages(data))?;
            }
            Asked::Write { offset, data } => write!(f, "data_write {name} {offset:#x} [{}]", pages(data))?,
            Asked::Copy { offset, length, new } => {
                write!(f, "copy {name} {offset:#x} {length:#x} to {}", new.name)?;
            }
            Asked::LockCompleted { offset, length } => write!(f, "lock_completed {name} {offset:#x} {length:#x}")?,
            Asked::SupplyCompleted { offset, length, result, error_offset } => {
                let result = code(result);
                write!(f, "supply_completed {name} {offset:#x} {length:#x} {result} {error_offset:#x}")?;
            }
            Asked::ChangeCompleted { may_cache, strategy: it } => {
                let cache = if *may_cache { "cached" } else { "uncached" };
                write!(f, "change_completed {name} {cache} {}", strategy(*it))?;
            }
            Asked::Terminate => write!(f, "terminate {name}")?,
            Asked::Unanswered => write!(f, "unanswered {name}")?,
        }
        self.seqno.map_or(Ok(()), |it| write!(f, " #{it}"))
    }
}
