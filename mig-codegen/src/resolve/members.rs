//! `struct { … }`

use std::collections::HashMap;

use mig_parser::ast::Member as MemberNode;
use mig_parser::diag::Diagnostic;
use mig_parser::diag::codes::constructors as codes;
use mig_parser::span::Span;

use super::Resolver;
use super::types::plain;
use crate::model::{Form, IpcName, Member, Type, TypeId};

/// A structure being laid out, in bytes.
#[derive(Default)]
struct Place {
    size: u64,
    align: u32,
}

impl Place {
    /// The offset of the next member.
    fn take(&mut self, bytes: u32, align: u32) -> u64 {
        let offset = self.size.next_multiple_of(align.into());
        self.size = offset + u64::from(bytes);
        self.align = self.align.max(align);
        offset
    }

    fn finish(self) -> (u64, u32) {
        let align = self.align.max(1);
        (self.size.next_multiple_of(align.into()), align)
    }
}

impl Resolver<'_> {
    /// Members lie as in C, and the whole is an array of the widest.
    pub(super) fn members(&mut self, nodes: &[MemberNode], span: Span) -> Option<Type> {
        let (mut here, mut in_c, mut members, mut wrong) = (Place::default(), Place::default(), Vec::new(), false);
        let mut names = HashMap::new();
        for node in nodes {
            if let Some(earlier) = names.insert(node.name.text.as_str(), node.name.span) {
                self.report.push(same_member(node, earlier));
                wrong = true;
            }
            let Some(id) = self.member(node) else {
                wrong = true;
                continue;
            };
            let (align, c_align) = self.names.align(id);
            let offset = here.take(self.ty(id).bytes(), align);
            in_c.take(self.ty(id).c_bytes(), c_align);
            // An offset beyond 32 bits belongs to a structure that is refused below.
            members.push(Member { name: node.name.text.clone(), ty: id, offset: offset as u32 });
        }
        let (size, align) = here.finish();
        let (kind, bits) = match align {
            2 => (1, 16),
            4 => (2, 32),
            8 => (self.abi.rules.integer_64, 64),
            _ => (9, 8),
        };
        let units = u32::try_from(size / u64::from(bits / 8)).unwrap_or(u32::MAX);
        let number = self.multiply(1, units, bits, span)?;
        let c_size = u32::try_from(in_c.finish().0).unwrap_or(u32::MAX);
        let kind = IpcName::Number(kind);
        (!wrong).then(|| Type { number, c_size, form: Form::Members(members), ..plain(kind, kind, bits, span) })
    }

    /// The type of a member, if it can be one.
    fn member(&mut self, node: &MemberNode) -> Option<TypeId> {
        let id = self.lookup(&node.ty)?;
        self.check_no_native(id, node.ty.span)?;
        let ty = self.ty(id);
        if !ty.inline || ty.variable {
            self.report.push(
                Diagnostic::new(
                    &codes::MEMBER,
                    node.ty.span,
                    "a member of a structure must be in line and of constant size",
                )
                .label(if ty.inline { "this type varies in size" } else { "this type is out of line" })
                .help("send it as an argument of its own"),
            );
            return None;
        }
        if ty.is_port() {
            self.report.push(
                Diagnostic::new(&codes::RIGHT_IN_STRUCTURE, node.ty.span, "a right in a structure is sent as a number")
                    .label("the kernel does not see it, and the receiver gets no right")
                    .help("send it as an argument of its own, or declare the member as `MACH_MSG_TYPE_PORT_NAME`"),
            );
        }
        Some(id)
    }
}

fn same_member(node: &MemberNode, earlier: Span) -> Diagnostic {
    Diagnostic::new(&codes::SAME_MEMBER, node.name.span, format!("a second member `{}`", node.name.text))
        .label("the same name again")
        .also(earlier, "the first one")
        .help("give it another name")
}
