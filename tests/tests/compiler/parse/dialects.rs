//! The tables of the dialects.

use mig_parser::ast::{Direction, FlagKind, ImportKind, NativeKind, RoutineKind, SettingKey, SubsystemMode};
use mig_parser::diag::Diagnostics;
use mig_parser::dialect::{Dialect, check};
use mig_parser::parse::parse;

/// A statement for every keyword.
fn statements() -> Vec<String> {
    let mut all = Vec::new();
    all.extend(SubsystemMode::ALL.iter().map(|it| format!("subsystem {} x 1;", it.text())));
    all.extend(SettingKey::ALL.iter().map(|it| match it {
        SettingKey::NoWaitTime | SettingKey::NoSendTime => format!("{};", it.text()),
        SettingKey::ConsumeOnSendError => format!("{} any;", it.text()),
        SettingKey::UserTypeLimit | SettingKey::OnStackLimit | SettingKey::UseSpecialReplyPort => {
            format!("{} 1;", it.text())
        }
        _ => format!("{} x;", it.text()),
    }));
    all.extend(ImportKind::ALL.iter().map(|it| format!("{} <x>;", it.text())));
    all.extend(RoutineKind::ALL.iter().map(|it| match it {
        RoutineKind::Function => format!("{} x() : t;", it.text()),
        _ => format!("{} x();", it.text()),
    }));
    all.extend(Direction::ALL.iter().map(|it| match it {
        // The field makes them OSF's, and its absence Darwin's.
        Direction::ServerImpl | Direction::UserImpl => format!("routine x({} a : t, f);", it.text()),
        _ => format!("routine x({} a : t);", it.text()),
    }));
    all.extend(FlagKind::ALL.iter().map(|it| format!("routine x(a : t, {});", it.text())));
    all.extend(NativeKind::ALL.iter().map(|it| match it {
        NativeKind::PointerToIfNot => format!("type x = {}(t, v);", it.text()),
        _ => format!("type x = {}(t);", it.text()),
    }));
    all
}

fn mistakes(text: &str, dialect: Dialect) -> Diagnostics {
    let mut diagnostics = Diagnostics::default();
    let ast = parse(text, &[], &mut diagnostics);
    assert!(diagnostics.0.is_empty(), "{text} is wrong without a dialect");
    check(&ast, dialect, &mut diagnostics);
    diagnostics
}

/// A keyword without a row would be unknown to all.
#[test]
fn every_keyword_is_known_to_a_dialect() {
    for text in statements() {
        assert!(Dialect::ALL.iter().any(|it| mistakes(&text, *it).0.is_empty()), "nobody knows {text}");
    }
}

#[test]
fn dialects_are_found_by_name() {
    for it in Dialect::ALL {
        assert_eq!(Dialect::find(it.name()), Some(*it));
    }
    assert_eq!(Dialect::find("GNU"), Some(Dialect::Gnu));
    assert_eq!(Dialect::find("mach"), None);
}
