//! What arguments are for, and what only one of them can be.

use std::collections::HashMap;

use mig_parser::ast::Direction;
use mig_parser::diag::codes::routines as codes;
use mig_parser::diag::{Code, Diagnostic};
use mig_parser::dialect::Dialect;

use super::Resolver;
use crate::model::{Arg, Flow, Role, Sides, Token};

/// A place that only one argument of a routine can have.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Place {
    RequestPort,
    UserReplyPort,
    ServerReplyPort,
    /// Either time limit: there is one for the whole call.
    Time,
    MsgOption,
    SeqNo,
    UserToken(Token, Option<String>),
    ServerToken(Token, Option<String>),
}

/// The arguments of a routine so far.
#[derive(Default)]
pub(super) struct Args {
    /// `None` stands for one of unknown type, or whose place another one has taken.
    list: Vec<Option<Arg>>,
    places: HashMap<Place, usize>,
    /// There is no reply to carry anything back.
    pub(super) one_way: bool,
    /// One was meant to be the request port, even if its type is unknown.
    pub(super) has_request_port: bool,
    /// The request port has no direction, and is one because none came before it.
    pub(super) implicit_request_port: bool,
    /// One is flagged `retcode`.
    pub(super) has_ret_code: bool,
    /// One is missing here that stands in the definition.
    pub(super) incomplete: bool,
}

impl Args {
    pub(super) fn new(one_way: bool) -> Args {
        Args { one_way, ..Args::default() }
    }

    /// An argument of unknown type stands here.
    pub(super) fn push_unknown(&mut self) {
        self.incomplete = true;
        self.list.push(None);
    }

    /// The argument directly before the next one.
    pub(super) fn last(&self) -> Option<&Arg> {
        self.list.last()?.as_ref()
    }

    pub(super) fn finish(self) -> Vec<Arg> {
        self.list.into_iter().flatten().collect()
    }
}

impl Resolver<'_> {
    /// Adds an argument. The last one in a place has it, as in C.
    pub(super) fn add_arg(&mut self, arg: Arg, args: &mut Args) {
        let index = args.list.len();
        for place in places(&arg) {
            let earlier = args.places.get(&place).and_then(|it| args.list[*it].as_ref());
            let Some(earlier) = earlier else {
                args.places.insert(place, index);
                continue;
            };
            if place == Place::Time && earlier.role == Role::WaitTime && arg.role == Role::SendTime {
                self.report.push(send_time_after_wait_time(&arg, earlier));
                return;
            }
            // What has another place left keeps that.
            let kept = without(earlier, &arg);
            let implicit = args.implicit_request_port && earlier.role == Role::RequestPort;
            self.report.push(second(&place, &arg, earlier, kept.is_some(), implicit));
            let replaced = args.places.insert(place, index).expect("an earlier argument has this place");
            args.list[replaced] = kept;
        }
        self.check_one_reply_port(&arg, args);
        args.list.push(Some(arg));
    }

    /// OSF's and Apple's compilers have one place for the reply ports of both sides.
    fn check_one_reply_port(&mut self, arg: &Arg, args: &Args) {
        let other = match arg.role {
            Role::ServerReplyPort => Place::UserReplyPort,
            Role::UserReplyPort => Place::ServerReplyPort,
            _ => return,
        };
        let other = args.places.get(&other).and_then(|it| args.list[*it].as_ref());
        if let Some(other) = other.filter(|_| self.is_dialect(&[Dialect::Osf, Dialect::Darwin])) {
            self.report.push(
                Diagnostic::new(&codes::SECOND_REPLY_PORT, arg.span, "a second reply port")
                    .label("the compilers of this dialect take this one for both sides")
                    .also(other.span, "the first one")
                    .help("write one `replyport`, or give each side a definition of its own"),
            );
        }
    }
}

/// The role and flow that a direction gives an argument.
pub(super) fn role_of(direction: Option<Direction>, has_request_port: bool) -> (Role, Flow) {
    let Some(direction) = direction else {
        return if has_request_port { (Role::Data, Flow::In) } else { (Role::RequestPort, Flow::In) };
    };
    let token = |kind, sides| (Role::Token(kind, sides), Flow::In);
    match direction {
        Direction::In => (Role::Data, Flow::In),
        Direction::Out => (Role::Data, Flow::Out),
        Direction::InOut => (Role::Data, Flow::InOut),
        Direction::RequestPort => (Role::RequestPort, Flow::In),
        Direction::ReplyPort => (Role::ReplyPort, Flow::In),
        Direction::SReplyPort => (Role::ServerReplyPort, Flow::In),
        Direction::UReplyPort => (Role::UserReplyPort, Flow::In),
        Direction::WaitTime => (Role::WaitTime, Flow::In),
        Direction::SendTime => (Role::SendTime, Flow::In),
        Direction::MsgOption => (Role::MsgOption, Flow::In),
        Direction::MsgSeqNo => (Role::SeqNo, Flow::In),
        Direction::SecToken => token(Token::Security, Sides::Both),
        Direction::ServerSecToken => token(Token::Security, Sides::Server),
        Direction::UserSecToken => token(Token::Security, Sides::User),
        Direction::AuditToken => token(Token::Audit, Sides::Both),
        Direction::ServerAuditToken => token(Token::Audit, Sides::Server),
        Direction::UserAuditToken => token(Token::Audit, Sides::User),
        Direction::ServerContextToken => token(Token::Context, Sides::Server),
        Direction::ServerImpl => token(Token::Field, Sides::Server),
        Direction::UserImpl => token(Token::Field, Sides::User),
    }
}

fn places(arg: &Arg) -> Vec<Place> {
    let field = || arg.trailer_field.clone();
    match arg.role {
        Role::Data => vec![],
        Role::RequestPort => vec![Place::RequestPort],
        Role::ReplyPort => vec![Place::UserReplyPort, Place::ServerReplyPort],
        Role::UserReplyPort => vec![Place::UserReplyPort],
        Role::ServerReplyPort => vec![Place::ServerReplyPort],
        Role::WaitTime | Role::SendTime => vec![Place::Time],
        Role::MsgOption => vec![Place::MsgOption],
        Role::SeqNo => vec![Place::SeqNo],
        Role::Token(token, Sides::User) => vec![Place::UserToken(token, field())],
        Role::Token(token, Sides::Server) => vec![Place::ServerToken(token, field())],
        Role::Token(token, Sides::Both) => vec![Place::UserToken(token, field()), Place::ServerToken(token, field())],
    }
}

/// What an argument still is when a later one has taken its place on some side.
fn without(arg: &Arg, later: &Arg) -> Option<Arg> {
    let role = match (arg.role, later.role) {
        (Role::ReplyPort, Role::UserReplyPort) => Role::ServerReplyPort,
        (Role::ReplyPort, Role::ServerReplyPort) => Role::UserReplyPort,
        (Role::Token(token, Sides::Both), Role::Token(_, Sides::User)) => Role::Token(token, Sides::Server),
        (Role::Token(token, Sides::Both), Role::Token(_, Sides::Server)) => Role::Token(token, Sides::User),
        _ => return None,
    };
    Some(Arg { role, ..arg.clone() })
}

fn second(place: &Place, arg: &Arg, earlier: &Arg, kept: bool, implicit: bool) -> Diagnostic {
    let (code, what): (&'static Code, _) = match place {
        Place::RequestPort => (&codes::SECOND_REQUEST_PORT, "request port"),
        Place::UserReplyPort => (&codes::SECOND_REPLY_PORT, "reply port of the client"),
        Place::ServerReplyPort => (&codes::SECOND_REPLY_PORT, "reply port of the server"),
        Place::Time => (&codes::SECOND_TIME, "time limit"),
        Place::MsgOption => (&codes::SECOND_MSG_OPTION, "message option"),
        Place::SeqNo => (&codes::SECOND_SEQNO, "sequence number"),
        Place::UserToken(..) | Place::ServerToken(..) => (&codes::SECOND_TOKEN, "token of this kind"),
    };
    let it = Diagnostic::new(code, arg.span, format!("a second {what}")).label("this one counts");
    let fate = if kept { "this one is left to the other side" } else { "this one is lost: nothing carries it" };
    let it = it.also(earlier.span, fate);
    if implicit {
        return it
            .note("an argument without a direction is the request port if none came before it")
            .help(format!("write `in {}`", earlier.name));
    }
    it.help("keep one of them")
}

fn send_time_after_wait_time(arg: &Arg, earlier: &Arg) -> Diagnostic {
    Diagnostic::new(&codes::SECOND_TIME, arg.span, "a second time limit")
        .label("this one is lost")
        .also(earlier.span, "this one limits sending too")
        .help("keep one of them")
}
