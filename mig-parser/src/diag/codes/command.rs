//! Codes M06xx: the command line.

use super::codes;

codes! {
    UNREADABLE = 601, Error, "a file on the command line cannot be read", "\
A file that was named on the command line does not exist, is a directory, or may not be read. The note says what the
system said; where a file of a similar name is there, it is proposed.

```text
mig-cli generate defs
```

Name files, not directories; the shell can do that for a whole directory:

```text
mig-cli generate defs/*.defs
```

A file that another one includes and that is not found is M0101. The program ends with status 3.
";
    UNWRITABLE = 602, Error, "a file cannot be written", "\
The place of an output cannot be written to: a part of its path is no directory, the rights are missing, or the disk is
full. Directories that are missing are made.

```text
mig-cli generate demo.defs --out README.md/src
```

Name a directory with `--out`:

```text
mig-cli generate demo.defs --out src
```

Files are written whole or not at all, so the one in question is as it was. The program ends with status 3.
";
    OUT_OF_DATE = 603, Error, "a generated file is not up to date", "\
With `--check` nothing is written. Each file that is missing, or that differs from what would be written, is named with
the first line that differs: `-` is what is there, `+` what belongs there.

```text
mig-cli generate --check demo.defs
```

Run the same command without `--check`, and look at the difference before you commit it:

```text
mig-cli generate demo.defs
```

A generated file that was edited by hand differs too. Change the definition or its type table instead.
";
    STALE = 604, Warning, "a file that the manifest does not produce", "\
The folder that a manifest names for the output of a set belongs to the generator. A file in it that no row of the
manifest produces is what remains of a row that was removed or renamed, or it was put there by mistake.

```text
mig-cli generate --manifest manifest.toml
```

Remove the file, or keep it in another folder. It is never deleted for you, because it may be the only copy. With
`--check` this is an error: a module that nobody generates any more would be used for ever.
";
    SAME_OUTPUT = 605, Error, "two definitions share an output", "\
Two definitions of one command line, or two rows of a manifest, would be written to the same file, so that the second
would overwrite the first. Files are named after the subsystem, and not after the definition.

```text
mig-cli generate old/demo.defs new/demo.defs
```

Generate them into directories of their own, or give one of them another name:

```text
mig-cli generate old/demo.defs --module old_demo
mig-cli generate new/demo.defs
```

`--module` names the module of one definition, so it cannot stand before several.
";
    NO_HEADERS = 606, Warning, "headers are not written", "\
Classic compilers write C headers: `-header`, `-sheader`, `-iheader`, `-dheader`. Rust has none. What they would declare
is in the halves themselves: constants, structures, message ids and functions.

```text
mig -user demo_user.rs -header demo.h demo.defs
```

Remove the flag, or name `/dev/null`, which says that the header is not wanted:

```text
mig -user demo_user.rs -header /dev/null demo.defs
```

A rule of `make` that expects the header must be changed: the file does not appear.
";
    MEANINGLESS = 607, Warning, "a classic flag without a meaning", "\
The flag is one of the classic compilers, of another driver, or of a C preprocessor, and Rust stubs have nothing that it
could change. The note says why. The flag is ignored, and what it asks for does not happen.

```text
mig -prefix ports_ -user demo_user.rs demo.defs
```

Remove it, or do by hand what it did. Prefixes, for one, are the module's name in Rust:

```rust
mod ports { include!(\"demo_user.rs\"); }
```

`-q` silences this and all other warnings.
";
    UNKNOWN_ROUTINE = 608, Error, "no such routine", "\
`layout --routine` names a routine that none of the definitions has, for none of the ABIs. Names are those of the
definition file, without prefixes; upper and lower case differ.

```text
mig-cli layout --routine demo_Store demo.defs
```

Correct the name, or leave `--routine` out to see all:

```text
mig-cli layout --routine demo_store demo.defs
```

A routine that `#if` takes out is not there either; `mig-cli emit ast` shows those that are.
";
    UNKNOWN_CODE = 609, Error, "no such code", "\
`explain` was asked for a code that no report has. Codes are an `M` and four digits. The letter may be small and, like
leading zeros, be left out.

```text
mig-cli explain M9999
```

Copy the code out of the report, or look for it in the list:

```text
mig-cli explain --all
```
";
    CANNOT_FORMAT = 610, Error, "a text that cannot be laid out anew", "\
A backslash at the end of a line joins it with the next one before the text is cut into tokens, so that a token may
begin in one line and end in the other. Inside directives such lines stay as they are; outside of them `fmt` refuses.

```text
routine demo_\\
store(server : mach_port_t);
```

Join the lines:

```text
routine demo_store(server : mach_port_t);
```

The file is left as it is. The compiler itself reads it either way.
";
    NOT_FORMATTED = 611, Error, "a file is not in the common style", "\
`fmt --check` writes nothing, and names the files that `fmt` would change. With one style for all files, what differs
between two versions is what somebody meant to change.

```text
mig-cli fmt --check demo.defs
```

Let it be laid out:

```text
mig-cli fmt demo.defs
```

Comments, directives and tokens remain; only blanks and ends of lines change.
";
    BAD_LINE = 612, Error, "a wrong classic command line", "\
Under the names `mig` and `migcom` the program takes the command lines of the classic compilers. This one has a flag
without its operand, a flag that `migcom` does not know, no file, or an ABI that does not exist.

```text
mig -user
```

Complete the line; flags and files may stand in any order:

```text
mig -user demo_user.rs demo.defs
```

`mig --help` and `migcom --help` list every flag and what it means here. The program ends with status 2.
";
    ONE_CLIENT = 613, Warning, "one file for all client functions", "\
`-i PREFIX` asks for a C file for each client function, so that a linker takes only what is used. In Rust the functions
of a client share their types and belong to one module, and what is not used is left out without that.

```text
mig -i demo/ -server demo_server.rs demo.defs
```

One file is written, `demo/` with the subsystem's name and `User.rs` behind it. Name it yourself instead:

```text
mig -user demo_user.rs -server demo_server.rs demo.defs
```
";
    RUST_IN_C = 614, Warning, "a file named like C will hold Rust", "\
The flags `-user` and `-server` are taken as they are, so an old rule of `make` that names C files gets Rust in them,
which no C compiler will accept.

```text
mig -user demo_user.c demo.defs
```

Name Rust files:

```text
mig -user demo_user.rs demo.defs
```

This compiler writes no C. Where C stubs are needed beside Rust ones, the messages of both are the same.
";
    ONE_PICTURE = 615, Error, "a picture of several layouts", "\
`layout --format svg` prints one SVG document, and that shows one definition in one ABI. Tables and JSON can hold more.

```text
mig-cli layout --format svg --abi gnumach-i386 --abi gnumach-x86_64 demo.defs
```

Draw one picture for each:

```text
mig-cli layout --format svg --abi gnumach-i386 --out i386.svg demo.defs
mig-cli layout --format svg --abi gnumach-x86_64 --out x86_64.svg demo.defs
```
";
}
