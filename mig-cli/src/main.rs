//! The command `mig-cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    mig_cli::main()
}
