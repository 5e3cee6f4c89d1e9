//! `generate`: Rust for definition files.

use std::path::{Path, PathBuf};

use mig_codegen::{Compilation, Config, Generated};
use mig_parser::diag::codes::command as codes;
use mig_parser::diag::{At, Diagnostic};

use super::{each_file, finish, usage};
use crate::args::Generate;
use crate::console::Console;
use crate::disk::{Existing, Files, Output};
use crate::fault::{Exit, Fault};
use crate::report::Reports;

/// Files of which `--check` shows what differs; the others are only named.
const MOST_SHOWN: usize = 5;

/// What was made of one definition.
struct Product {
    outputs: Vec<Output>,
    /// What is in it, for people.
    contents: String,
    /// The file or folder.
    place: PathBuf,
}

pub(super) fn run(args: &Generate, console: &mut Console<'_>) -> Result<Exit, Fault> {
    if args.module.is_some() && args.files.len() > 1 {
        let message = "`--module` names the module of one definition, and there are several";
        return Err(usage(Diagnostic::new(&codes::SAME_OUTPUT, At::Nowhere, message).help("run the command for each")));
    }
    let mut config = Config::from(&args.definitions);
    config.sides = args.sides();
    config.module.clone_from(&args.module);
    let mut reports = Reports::new(console.style());
    let (mut products, mut inputs) = (Vec::new(), Vec::new());
    let compile = |file: &Path, disk: &Files| {
        let compilation = config.read(file, &mut |path| disk.read(path));
        let generated = if args.folder { compilation.folder(&config) } else { compilation.single_file(&config) };
        (compilation, generated)
    };
    each_file(&args.files, &args.definitions, &mut reports, console, compile, |(compilation, generated), reports| {
        reports.add_compilation(&compilation, &generated.diagnostics);
        inputs.extend(compilation.files_read().into_iter().map(Path::to_owned));
        products.push(product(&compilation, generated, args));
    });
    let outputs: Vec<Output> = products.iter().flat_map(|it| it.outputs.iter().cloned()).collect();
    check_distinct(&outputs, &mut reports);
    if reports.failed() {
        return withheld(&reports, args.check, console);
    }
    if args.check {
        compare(&outputs, &mut reports, console)?;
        let exit = finish(&reports, console)?;
        return if exit == Exit::Success { up_to_date(outputs.len(), console) } else { Ok(exit) };
    }
    let rule = args.dep_file.as_ref().map(|path| {
        let text = rule(outputs.iter().map(|it| it.path.as_path()), &inputs);
        Output { path: path.clone(), text }
    });
    outputs.iter().chain(&rule).try_for_each(|it| it.check_place(console))?;
    reports.tell(console)?;
    for it in &products {
        let verb = write_all(&it.outputs, console)?;
        console.out(&format!("{verb} {}: {}\n", it.place.display(), it.contents))?;
    }
    rule.iter().try_for_each(|it| it.write(console))?;
    console.out(&next_step(&products))?;
    Ok(Exit::Success)
}

/// What to do with the output, for those who see it for the first time.
fn next_step(products: &[Product]) -> String {
    let module = |it: &Product| it.place.file_stem().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
    let modules: Vec<String> = products.iter().take(3).map(|it| format!("`mod {};`", module(it))).collect();
    let more = if products.len() > 3 { " and so on" } else { "" };
    let place = if products.len() == 1 { "it" } else { "them" };
    let modules = modules.join(", ");
    format!("next: declare {modules}{more} beside {place}, in a crate that depends on `mig-rt`\n")
}

fn product(compilation: &Compilation, generated: Generated, args: &Generate) -> Product {
    let below = |path: PathBuf| if args.out == Path::new(".") { path } else { args.out.join(path) };
    let outputs = generated.files.into_iter().map(|(path, text)| Output { path: below(path), text });
    let outputs: Vec<Output> = outputs.collect();
    let first = outputs.first().map(|it| it.path.clone()).unwrap_or_default();
    let place = if args.folder { first.parent().map(Path::to_owned).unwrap_or_default() } else { first };
    let contents = contents(compilation, outputs.iter().map(|it| it.text.len()).sum(), outputs.len());
    Product { outputs, contents, place }
}

/// `subsystem demo, messages 4200 to 4201, 2 routines, gnumach-i386, 1234 bytes`
fn contents(compilation: &Compilation, bytes: usize, files: usize) -> String {
    let interfaces = || compilation.units.iter().map(|it| &it.interface);
    let Some(subsystem) = interfaces().find_map(|it| it.subsystem.as_ref()) else { return String::new() };
    let slots = interfaces().map(|it| it.slots).max().unwrap_or(0);
    let ids = match slots {
        0 => "no messages".to_owned(),
        1 => format!("message {}", subsystem.base),
        _ => format!("messages {} to {}", subsystem.base, u64::from(subsystem.base) + u64::from(slots) - 1),
    };
    let routines = interfaces().map(|it| it.routines.len()).max().unwrap_or(0);
    let routines = if routines == 1 { "1 routine".to_owned() } else { format!("{routines} routines") };
    let abis: Vec<&str> = compilation.units.iter().map(|it| it.abi.name).collect();
    let files = if files > 1 { format!(" in {files} files") } else { String::new() };
    format!("subsystem {}, {ids}, {routines}, {}, {bytes} bytes{files}", subsystem.name, abis.join(", "))
}

/// Two definitions must not overwrite each other.
pub(crate) fn check_distinct(outputs: &[Output], reports: &mut Reports) {
    let mut paths: Vec<&Path> = outputs.iter().map(|it| it.path.as_path()).collect();
    paths.sort();
    for pair in paths.windows(2).filter(|it| it[0] == it[1]) {
        let message = format!("`{}` would be written twice", pair[0].display());
        let it = Diagnostic::new(&codes::SAME_OUTPUT, At::Nowhere, message);
        reports.add_alone(&it.help("give each definition a subsystem, a module or a directory of its own"));
    }
}

/// Says why nothing was written.
pub(crate) fn withheld(reports: &Reports, check: bool, console: &mut Console<'_>) -> Result<Exit, Fault> {
    let exit = finish(reports, console)?;
    if !check {
        console.err(&format!("nothing was written: {}\n", reports.summary()))?;
    }
    Ok(exit)
}

/// Reports what differs from what is on disk.
pub(super) fn compare(outputs: &[Output], reports: &mut Reports, console: &Console<'_>) -> Result<(), Fault> {
    let mut found = Vec::new();
    for it in outputs {
        let path = it.path.display();
        match it.existing(console)? {
            Existing::Same => {}
            Existing::Missing => found.push((format!("`{path}` is missing"), None)),
            Existing::Different(bytes) => {
                let difference = difference(&String::from_utf8_lossy(&bytes), &it.text);
                found.push((format!("`{path}` is out of date"), Some(difference)));
            }
        }
    }
    let out_of_date = |message: &str| Diagnostic::new(&codes::OUT_OF_DATE, At::Nowhere, message);
    let advice = "run the same command without `--check`";
    let shown = found.len().min(MOST_SHOWN);
    for (index, (message, difference)) in found.iter().take(shown).enumerate() {
        let it = difference.iter().fold(out_of_date(message), |it, difference| it.note(difference));
        reports.add_alone(&if index + 1 == found.len() { it.help(advice) } else { it });
    }
    let rest = &found[shown..];
    if !rest.is_empty() {
        let files = if rest.len() == 1 { "1 more file is" } else { &format!("{} more files are", rest.len()) };
        let it = out_of_date(&format!("{files} not up to date"));
        reports.add_alone(&rest.iter().fold(it, |it, (message, _)| it.note(message)).help(advice));
    }
    Ok(())
}

/// The first line that differs.
fn difference(old: &str, new: &str) -> String {
    let (mut old_lines, mut new_lines) = (old.lines(), new.lines());
    let mut number = 1;
    loop {
        match (old_lines.next(), new_lines.next()) {
            (None, None) => return "the files differ in their ends of lines".to_owned(),
            (one, other) if one == other => number += 1,
            (one, other) => {
                let line = |sign: char, it: Option<&str>| match it {
                    Some(it) => format!("\n{sign} {}", it.chars().take(100).collect::<String>()),
                    None => String::new(),
                };
                return format!("the first difference is in line {number}{}{}", line('-', one), line('+', other));
            }
        }
    }
}

pub(super) fn up_to_date(files: usize, console: &mut Console<'_>) -> Result<Exit, Fault> {
    let files = if files == 1 { "1 file is".to_owned() } else { format!("{files} files are") };
    console.out(&format!("{files} up to date\n"))?;
    Ok(Exit::Success)
}

/// Writes files; says whether there was anything to write.
fn write_all(outputs: &[Output], console: &Console<'_>) -> Result<&'static str, Fault> {
    let mut verb = "unchanged";
    for it in outputs {
        if it.existing(console)? != Existing::Same {
            verb = "wrote";
        }
        it.write(console)?;
    }
    Ok(verb)
}

/// A rule for `make`, as `cpp -MD` writes it.
pub(crate) fn rule<'a>(targets: impl Iterator<Item = &'a Path>, inputs: &[PathBuf]) -> String {
    let escape = |it: &Path| {
        it.display().to_string().replace('$', "$$").replace('#', "\\#").replace(' ', "\\ ").replace('\n', "")
    };
    let targets: Vec<String> = targets.map(escape).collect();
    let mut known: Vec<&PathBuf> = Vec::new();
    inputs.iter().for_each(|it| {
        if !known.contains(&it) {
            known.push(it)
        }
    });
    let inputs: String = known.iter().map(|it| format!(" \\\n  {}", escape(it))).collect();
    format!("{}:{inputs}\n", targets.join(" "))
}
