//! The C tools, and cargo.

use std::path::Path;
use std::process::Command;

use mig_codegen::Abi;

/// Where the definitions and headers of the package are.
pub(crate) const INCLUDE: &str = "/usr/include/x86_64-linux-gnu";

/// What is needed for one ABI.
pub(crate) struct Tools {
    abi: Abi,
    mig: &'static str,
    target: &'static str,
    machine: &'static str,
}

impl Tools {
    /// Looks for them.
    ///
    /// # Errors
    /// What is missing.
    pub(crate) fn find(
        abi: Abi,
        mig: &'static str,
        target: &'static str,
        machine: &'static str,
    ) -> Result<Tools, String> {
        let works = |command: &mut Command| command.output().is_ok_and(|it| it.status.success());
        if !works(Command::new(mig).arg("--version")) {
            return Err(format!("there is no {mig}"));
        }
        if !Path::new(INCLUDE).join("mach/mach.defs").exists() {
            return Err("there is no gnumach-dev".to_owned());
        }
        let empty = ["-E", "-x", "c", machine, "-include", "stdlib.h", "/dev/null"];
        if !works(Command::new("gcc").args(empty)) {
            return Err(format!("there is no gcc that knows {machine}"));
        }
        let libraries = Command::new("rustc").args(["--print", "target-libdir", "--target", target]).output();
        let libraries = libraries.map(|it| String::from_utf8_lossy(&it.stdout).trim().to_owned()).unwrap_or_default();
        if !Path::new(&libraries).exists() {
            return Err(format!("there is no Rust for {target}"));
        }
        Ok(Tools { abi, mig, target, machine })
    }

    /// Compiles the C stubs of a definition. Gives the functions that gcc rejects; they are never called.
    pub(crate) fn compile(&self, file: &Path, key: &str, out: &Path) -> Vec<String> {
        let mut rejected = Vec::new();
        for side in ["user", "server"] {
            let name = format!("{key}_{side}");
            self.stubs(file, key, side, &out.join(&name));
            let report = self.gcc(&name, out, &[]).err().unwrap_or_default();
            if report.is_empty() {
                continue;
            }
            let functions = report.lines().filter_map(|it| it.split_once(": In function '")).map(|it| it.1);
            rejected.extend(functions.map(|it| it.trim_end_matches("':").to_owned()));
            let again = self.gcc(&name, out, &["-D_Static_assert(...)="]);
            assert!(again.is_ok(), "{}", again.err().unwrap_or_default());
        }
        rejected
    }

    /// Runs the compiler of interfaces for one side. Names of functions begin with side and definition, because
    /// clients and servers have the same.
    fn stubs(&self, file: &Path, key: &str, side: &str, out: &Path) {
        let prefix = format!("{}_{key}_", &side[..1]);
        let other = if side == "user" { "-server" } else { "-user" };
        let mut command = Command::new(self.mig);
        command.args(["-prefix", &prefix, &format!("-{side}")]).arg(out.with_extension("c")).args([other, "/dev/null"]);
        command.arg("-header").arg(out.with_extension("h"));
        // The driver forgets which machine it compiles for.
        command.args(self.abi.macros(&[]).iter().map(|(name, body)| format!("-D{name}={body}")));
        command.arg(format!("-I{INCLUDE}")).arg(file);
        finish(&mut command).unwrap_or_else(|it| panic!("{it}"));
    }

    fn gcc(&self, name: &str, out: &Path, more: &[&str]) -> Result<(), String> {
        let mut command = Command::new("gcc");
        command.env("LC_ALL", "C").current_dir(out).args(["-c", "-O1", "-w", "-fno-builtin", "-std=gnu11"]);
        command.args([self.machine, "-I", INCLUDE, "-I"]);
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("oracle/include")).args(more).arg(format!("{name}.c"));
        finish(&mut command).map(|_| ())
    }

    /// Puts the objects of a directory together.
    pub(crate) fn archive(&self, directory: &Path) {
        let objects = std::fs::read_dir(directory).expect("it was written just now").flatten().map(|it| it.path());
        let objects = objects.filter(|it| it.extension().is_some_and(|it| it == "o"));
        let mut command = Command::new("ar");
        command.current_dir(directory).args(["crs", "libstubs.a"]).args(objects);
        finish(&mut command).unwrap_or_else(|it| panic!("{it}"));
    }

    /// Builds a program and runs it: what it says.
    pub(crate) fn run(&self, directory: &Path) -> String {
        let mut command = Command::new(env!("CARGO"));
        command.current_dir(directory).env("CARGO_TARGET_DIR", directory.join("target"));
        // Flags are for the tests' own build, and may not suit another target.
        command.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
        command.args(["rustc", "--quiet", "--offline", "--target", self.target, "--", "-L"]);
        command.arg(format!("native={}", directory.join("c").display())).args(["-l", "static=stubs"]);
        finish(&mut command).unwrap_or_else(|it| panic!("{it}"));
        let program = directory.join("target").join(self.target).join("debug/oracle");
        let output = Command::new(program).output().expect("it was built just now");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("figures "), "{}: {complaint}\n{said}", output.status);
        said
    }
}

pub(crate) fn finish(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|it| format!("{command:?}: {it}"))?;
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(complaint) } else { Err(format!("{command:?}\n{complaint}")) }
}
