//! Settings that hold for the routines after them.

use mig_parser::ast::{Setting, SettingKey, Word};
use mig_parser::diag::Diagnostic;
use mig_parser::diag::codes::messages;
use mig_parser::span::Span;

use super::Resolver;
use crate::model::{Constant, Consume};

/// The settings in force.
#[derive(Clone, Default)]
pub(super) struct Settings {
    pub(super) user_prefix: String,
    pub(super) server_prefix: String,
    pub(super) wait_time: Option<Constant>,
    pub(super) send_time: Option<Constant>,
    pub(super) msg_option: Option<Constant>,
    /// Where the special reply port was asked for.
    pub(super) special_reply_port: Option<Span>,
    /// What is wrong with that has been said.
    special_reply_port_reported: bool,
    pub(super) consume_on_send_error: Option<Consume>,
    pub(super) error_procedure: Option<String>,
}

/// What `msgoption` says when it says nothing.
const NO_OPTION: &str = "MACH_MSG_OPTION_NONE";

impl Resolver<'_> {
    pub(super) fn setting(&mut self, setting: &Setting) {
        let Some(value) = &setting.value else {
            match setting.key.value {
                SettingKey::NoWaitTime => self.settings.wait_time = None,
                SettingKey::NoSendTime => self.settings.send_time = None,
                _ => {}
            }
            return;
        };
        let text = || value.text.clone();
        match setting.key.value {
            SettingKey::UserPrefix => self.settings.user_prefix = text(),
            SettingKey::ServerPrefix => self.settings.server_prefix = text(),
            SettingKey::ServerDemux => self.interface.server_demux = Some(text()),
            SettingKey::Error => self.settings.error_procedure = Some(text()),
            SettingKey::WaitTime => self.settings.wait_time = Some(constant(value)),
            SettingKey::SendTime => self.settings.send_time = Some(constant(value)),
            SettingKey::MsgOption => {
                self.settings.msg_option = Some(constant(value)).filter(|it| it.text != NO_OPTION);
            }
            SettingKey::UseSpecialReplyPort => {
                let asked = !value.text.trim_start_matches('0').is_empty();
                self.settings.special_reply_port = asked.then_some(value.span);
                self.settings.special_reply_port_reported = false;
            }
            SettingKey::ConsumeOnSendError => self.settings.consume_on_send_error = consume(&value.text),
            SettingKey::MsgType | SettingKey::MsgKind => self.report.push(obsolete(setting)),
            // Limits of C's stack frames: nothing here depends on them.
            SettingKey::UserTypeLimit | SettingKey::OnStackLimit => {}
            SettingKey::NoWaitTime | SettingKey::NoSendTime => {}
        }
    }

    /// Checks a setting that asks for the special reply port when a routine makes use of it.
    pub(super) fn check_special_reply_port(&mut self, at: Span) {
        let reported = std::mem::replace(&mut self.settings.special_reply_port_reported, true);
        if reported || !self.kernel.user && !self.kernel.server {
            return;
        }
        self.report.push(
            Diagnostic::new(&messages::SPECIAL_REPLY_PORT, at, "a kernel subsystem has no special reply port")
                .label("the special reply port belongs to a thread of a task")
                .help("remove `usespecialreplyport`, or `kerneluser` and `kernelserver`"),
        );
    }
}

fn obsolete(setting: &Setting) -> Diagnostic {
    let keyword = setting.key.value.text();
    Diagnostic::new(&messages::OBSOLETE_SETTING, setting.key.span, format!("`{keyword}` is obsolete"))
        .label("ignored")
        .note("headers of Mach 2.5 had a message type; those of Mach 3.0 have none")
        .help("remove it")
}

fn constant(word: &Word) -> Constant {
    Constant { text: word.text.clone(), span: word.span }
}

/// The parser accepts only these words.
fn consume(word: &str) -> Option<Consume> {
    match word.to_ascii_lowercase().as_str() {
        "timeout" => Some(Consume::Timeout),
        "any" => Some(Consume::Any),
        "none" => Some(Consume::None),
        _ => None,
    }
}
