//! A manager that behaves: it keeps what it is given, and supplies that.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use generated::mach3::types::CopyStrategy;
use mig_rt::Protection;

use super::asked::Asked;
use super::manager::Manager;
use crate::vm::PAGE;

/// The byte of each page, by the name of its object and its offset.
#[derive(Clone, Default)]
pub(super) struct Store(Arc<Mutex<BTreeMap<(String, u64), u8>>>);

impl Store {
    pub(super) fn get(&self, object: &str, page: u64) -> u8 {
        self.0.lock().unwrap().get(&(object.to_owned(), page)).copied().unwrap_or(0)
    }

    pub(super) fn put(&self, object: &str, page: u64, byte: u8) {
        self.0.lock().unwrap().insert((object.to_owned(), page), byte);
    }

    /// Whole pages, each full of one byte.
    fn keep(&self, object: &str, offset: u64, data: &[u8]) {
        for (page, bytes) in (offset / PAGE..).zip(data.chunks(PAGE as usize)) {
            assert!(bytes.iter().all(|it| *it == bytes[0]), "a page is of one moment");
            self.put(object, page, bytes[0]);
        }
    }

    /// Lets a manager answer from it. Of copies it has nothing: they are as the original was.
    pub(super) fn serve(&self, manager: &mut Manager, strategy: CopyStrategy) {
        let own = self.clone();
        manager.answer(move |object, asked| match asked {
            Asked::Init { .. } => object.ready(false, strategy),
            Asked::Request { offset, length, .. } if object.name.starts_with("copy") => {
                object.unavailable(*offset, *length);
            }
            // Whoever asked may be gone, and the kernel with the object.
            Asked::Request { offset, .. } => {
                let page = super::object::filled(&[own.get(&object.name, offset / PAGE)]);
                let _ = object.supply_with(*offset, &page, Protection::NONE, false, false);
            }
            Asked::Unlock { offset, length, .. } => object.lock(*offset, *length, Protection::NONE),
            Asked::Return { offset, data, .. } | Asked::Write { offset, data } => own.keep(&object.name, *offset, data),
            _ => (),
        });
    }
}
