//! `completions` and `man`: what shells and systems want to know about the program.

use clap::{Command, CommandFactory};
use clap_mangen::Man as Page;

use crate::args::{Cli, Completions, Man};
use crate::console::Console;
use crate::disk::Output;
use crate::fault::{Exit, Fault};

pub(super) fn completions(args: &Completions, console: &mut Console<'_>) -> Result<Exit, Fault> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "mig-cli", &mut script);
    console.out_bytes(&script)?;
    Ok(Exit::Success)
}

pub(super) fn man(args: &Man, console: &mut Console<'_>) -> Result<Exit, Fault> {
    let mut program = Cli::command();
    program.build();
    let Some(out) = &args.out else {
        console.out(&page(program)?)?;
        return Ok(Exit::Success);
    };
    let mut pages = vec![("mig-cli".to_owned(), program.clone())];
    for it in program.get_subcommands().filter(|it| it.get_name() != "help") {
        // The classic programs have pages of their own.
        let classic = matches!(it.get_name(), "mig" | "migcom");
        let name = if classic { it.get_name().to_owned() } else { format!("mig-cli-{}", it.get_name()) };
        let page = it.clone().display_name(name.clone());
        pages.push((name, if classic { page.bin_name(it.get_name()) } else { page }));
    }
    for (name, command) in pages {
        let output = Output { path: out.join(format!("{name}.1")), text: page(command)? };
        output.write(console)?;
        console.out(&format!("wrote {}\n", output.path.display()))?;
    }
    Ok(Exit::Success)
}

fn page(command: Command) -> Result<String, Fault> {
    let after = command.get_after_long_help().or(command.get_after_help()).map(ToString::to_string);
    let page = Page::new(command.after_help(None::<&str>).after_long_help(None::<&str>));
    let mut bytes = Vec::new();
    page.render(&mut bytes).map_err(Fault::Stream)?;
    let mut text = String::from_utf8_lossy(&bytes).into_owned();
    // The version, if there is one, is the last section.
    let end = text.rfind(".SH VERSION").unwrap_or(text.len());
    text.insert_str(end, &sections(after.as_deref().unwrap_or_default()));
    Ok(text)
}

/// The end of a help text as sections: a word with a colon is a title, indented lines stay as they are, and everything
/// else is running text.
fn sections(help: &str) -> String {
    let mut roff = String::new();
    let mut verbatim = false;
    for line in help.lines() {
        let title = line.strip_suffix(':').filter(|it| it.chars().all(char::is_alphabetic));
        if verbatim != line.starts_with("  ") {
            verbatim = !verbatim;
            roff.push_str(if verbatim { ".nf\n" } else { ".fi\n" });
        }
        match (title, line) {
            (Some(it), _) => roff += &format!(".SH {}\n", it.to_uppercase()),
            (None, "") => roff.push_str(".PP\n"),
            (None, it) => roff += &format!("{}\n", escape(it)),
        }
    }
    if verbatim {
        roff.push_str(".fi\n");
    }
    roff
}

/// A line that is no request and has no escapes.
fn escape(line: &str) -> String {
    let text = line.replace('\\', "\\(rs").replace('-', "\\-");
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}
