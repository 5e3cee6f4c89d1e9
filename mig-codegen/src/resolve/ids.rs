//! Message ids, once all routines are known.

use std::collections::HashMap;

use mig_parser::diag::Diagnostic;
use mig_parser::diag::codes::routines as codes;

use super::Resolver;

/// What is added to a request's id for its reply.
const REPLY: u32 = 100;

impl Resolver<'_> {
    pub(super) fn check_ids(&mut self) {
        let Some(subsystem) = self.interface.subsystem.clone() else { return };
        let last = subsystem.base.checked_add(self.interface.slots).and_then(|it| it.checked_add(REPLY));
        if last.is_none_or(|it| i32::try_from(it).is_err()) {
            self.report(
                Diagnostic::new(&codes::ID_TOO_LARGE, subsystem.span, "message ids of this subsystem are too large")
                    .label(format!("{} ids from {}", self.interface.slots, subsystem.base))
                    .note("a message id, and that of its reply, has 31 bits")
                    .help("choose a smaller base, or skip fewer numbers"),
            );
            return;
        }
        let by_number: HashMap<u32, usize> =
            self.interface.routines.iter().enumerate().map(|(index, it)| (it.number, index)).collect();
        let mut reports = Vec::new();
        for routine in self.interface.routines.iter().filter(|it| !it.one_way) {
            let Some(other) = by_number.get(&(routine.number + REPLY)) else { continue };
            let other = &self.interface.routines[*other];
            reports.push(
                Diagnostic::new(
                    &codes::ID_OF_REPLY,
                    other.span,
                    format!("requests of `{}` have the id of replies to `{}`", other.name, routine.name),
                )
                .label(format!("id {}", subsystem.base + other.number))
                .also(
                    routine.span,
                    format!(
                        "id {}, and {} for its reply",
                        subsystem.base + routine.number,
                        subsystem.base + other.number
                    ),
                )
                .note("a reply's id is that of its request plus 100; a port that gets both cannot tell them apart"),
            );
        }
        reports.into_iter().for_each(|it| self.report(it));
    }
}
