//! Each program prints what its documentation says.
#![allow(unused_crate_dependencies, reason = "the programs use them")]

use std::path::Path;
use std::process::Command;

/// The lines behind the command in the documentation of a program.
fn documented(name: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bin").join(name).with_extension("rs");
    let text = std::fs::read_to_string(&file).unwrap_or_else(|it| panic!("{}: {it}", file.display()));
    let command = format!("//! $ cargo run -p programs --bin {name}");
    let lines = text.lines().skip_while(|it| *it != command).skip(1).take_while(|it| *it != "//! ```");
    lines.map(|it| format!("{}\n", it.trim_start_matches("//! "))).collect()
}

macro_rules! prints {
    ($($name:ident)*) => { $(
        #[test]
        fn $name() {
            let name = stringify!($name);
            let program = Command::new(env!(concat!("CARGO_BIN_EXE_", stringify!($name))));
            let output = { program }.output().unwrap_or_else(|it| panic!("{name}: {it}"));
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let (said, documented) = (String::from_utf8_lossy(&output.stdout), documented(name));
            assert!(!documented.is_empty(), "{name} does not say what it prints");
            assert_eq!(said, documented, "{name}");
        }
    )* };
}
prints! {
    rpc two_subsystems port_set no_senders hand_over late_reply thread_policy
    fork copy_on_write shared_memory file_manager debugger
    compressing_pager backing_stores
}
