//! What shells and systems want to know about the program.

use std::fs;

use crate::run::{folder, mig_cli};

const SUBCOMMANDS: [&str; 8] = ["generate", "check", "layout", "fmt", "explain", "emit", "completions", "man"];

#[test]
fn every_shell_completes_every_command() {
    let dir = folder("completions");
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let outcome = mig_cli(&dir, &["completions", shell]);
        assert_eq!((outcome.code, outcome.err.as_str()), (0, ""), "{shell}");
        for it in SUBCOMMANDS {
            assert!(outcome.out.contains(it), "{shell} does not know {it}");
        }
    }
}

#[test]
fn every_command_has_a_page() {
    let dir = folder("man");
    let outcome = mig_cli(&dir, &["man", "--out", "man1"]);
    assert_eq!((outcome.code, outcome.err.as_str()), (0, ""));
    let page = |name: &str| fs::read_to_string(dir.join("man1").join(format!("{name}.1"))).expect("a page");
    for it in SUBCOMMANDS {
        let name = format!("mig-cli-{it}");
        assert!(outcome.out.contains(&format!("wrote man1/{name}.1\n")), "{}", outcome.out);
        check_page(&name, &page(&name));
    }
    for it in ["mig", "migcom"] {
        check_page(it, &page(it));
        assert!(page(it).contains(".SH FLAGS\n.nf\n  \\-user FILE "), "{it}");
    }
    let program = mig_cli(&dir, &["man"]).out;
    assert_eq!(program, page("mig-cli"));
    check_page("mig-cli", &program);
}

/// Examples are sections of their own and keep their lines.
fn check_page(name: &str, page: &str) {
    assert!(page.contains(".TH"), "{name} has no title");
    assert!(page.contains(".SH EXAMPLES\n.nf\n  "), "{name} has no examples");
    assert_eq!(page.matches("\n.nf\n").count(), page.matches("\n.fi\n").count(), "{name}");
}

/// Every command has an example in its long help.
#[test]
fn every_help_has_an_example() {
    let dir = folder("help");
    for it in SUBCOMMANDS {
        let help = mig_cli(&dir, &[it, "--help"]).out;
        assert!(help.contains("Examples:\n  mig-cli "), "{it}:\n{help}");
    }
}
