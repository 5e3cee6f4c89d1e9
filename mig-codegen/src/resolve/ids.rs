//! Message ids, once all routines are known.

use std::collections::HashMap;

use mig_parser::diag::Diagnostic;
use mig_parser::diag::codes::messages as codes;

use super::Resolver;
use crate::model::{Routine, Subsystem};

/// What is added to a request's id for its reply.
const REPLY: u32 = 100;

/// The largest id: the field of the header is signed.
const LARGEST: u32 = i32::MAX as u32;

impl Resolver<'_> {
    pub(super) fn check_ids(&mut self) {
        let Some(subsystem) = &self.interface.subsystem else { return };
        let last = subsystem.base.checked_add(self.interface.slots.saturating_sub(1).saturating_add(REPLY));
        if last.is_none_or(|it| it > LARGEST) {
            self.report.push(
                Diagnostic::new(&codes::ID_TOO_LARGE, subsystem.span, "message ids of this subsystem are too large")
                    .label(format!("{} ids from {}", self.interface.slots, subsystem.base))
                    .note(format!("the largest id is {LARGEST}, and the replies have ids that are larger by {REPLY}"))
                    .help("choose a smaller base, or skip fewer numbers"),
            );
            // They have no ids.
            self.interface.routines.clear();
            return;
        }
        let routines = &self.interface.routines;
        let by_number: HashMap<u32, &Routine> = routines.iter().map(|it| (it.number, it)).collect();
        for routine in routines.iter().filter(|it| !it.one_way) {
            if let Some(other) = by_number.get(&(routine.number + REPLY)) {
                self.report.push(shared(subsystem, routine, other));
            }
        }
    }
}

fn shared(subsystem: &Subsystem, routine: &Routine, other: &Routine) -> Diagnostic {
    let id = |it: &Routine| subsystem.base + it.number;
    let message = format!("requests of `{}` have the id of replies to `{}`", other.name, routine.name);
    Diagnostic::new(&codes::ID_OF_REPLY, other.span, message)
        .label(format!("id {}", id(other)))
        .also(routine.span, format!("id {}, and {} for its reply", id(routine), id(other)))
        .note("a reply's id is that of its request plus 100; a port that gets both cannot tell them apart")
        .help("receive the two on different ports, or give routines behind the hundredth a subsystem of their own")
}
