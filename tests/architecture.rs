//! The source, tested as text: who names whom, how long files and functions are, and what is absent where.
//!
//! A drawing of the architecture goes stale; this fails instead. Comments and test code are not looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Which other modules of the crate a module may name. A module that is not listed fails the test.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("yaml", &[]),
    ("catalog", &["model"]),
    ("denials", &["model", "catalog"]),
    ("request", &["model", "yaml", "catalog"]),
    ("optimizer", &["model", "catalog", "request"]),
    ("engine", &["model"]),
    ("world", &["model", "engine"]),
    ("sim", &["model", "yaml", "catalog", "denials", "request", "optimizer", "engine", "world"]),
    ("cloud", &["model", "catalog", "denials", "engine", "world"]),
    ("cluster", &["model", "yaml", "catalog", "denials", "request", "optimizer", "engine", "world", "cloud"]),
    ("serve", &["model", "yaml", "catalog", "denials", "request", "optimizer", "engine", "world", "sim", "cloud"]),
    ("study", &["model", "yaml", "catalog", "denials", "request", "optimizer", "engine", "world", "sim"]),
    ("report", &["model", "yaml", "catalog", "denials", "request", "optimizer", "engine", "world", "sim", "study"]),
    (
        "cli",
        &[
            "model",
            "yaml",
            "catalog",
            "denials",
            "request",
            "optimizer",
            "engine",
            "world",
            "sim",
            "cloud",
            "cluster",
            "serve",
            "study",
            "report",
        ],
    ),
    ("bin", &["cli"]),
];

/// Files longer than [`FILE_LINES`], each with the reason it is one idea all the same.
const LONG_FILES: &[(&str, &str)] = &[];

/// Lines of a file, and of a function, past which it has to be looked at again. Tests not counted.
const FILE_LINES: usize = 400;
const FUNCTION_LINES: usize = 90;

/// What must not be seen: the text, where it may stand all the same, and why not elsewhere.
const ABSENT: &[(&str, &[&str], &str)] = &[
    ("println!(", &["cli"], "only cli writes to the console"),
    ("print!(", &["cli"], "only cli writes to the console"),
    ("dbg!(", &[], "left over from debugging"),
    ("todo!(", &[], "leave a feature out until it works"),
    ("unimplemented!(", &[], "leave a feature out until it works"),
    ("Instant::now", &["cli", "cloud", "serve"], "the time is an argument"),
    ("SystemTime::now", &["cli", "cloud"], "the time is an argument"),
    ("Timestamp::now", &["cli"], "the time is an argument"),
    ("ZonedDateTime::now", &["cli"], "the time is an argument"),
    ("thread::sleep", &["cli"], "waiting is an effect"),
    ("env::var", &["cli"], "the environment is read once, in cli"),
    ("env::args", &["cli"], "the command line is read once, in cli"),
    ("process::exit", &["cli", "bin"], "a library never ends the process"),
    ("thread_rng", &[], "luck comes from a seed"),
    ("rand::rng()", &[], "luck comes from a seed"),
    ("RandomState", &[], "hashing must not differ between runs"),
    ("async fn", &["cloud", "cluster", "serve", "cli"], "only what talks to machines waits for IO"),
    ("tokio::", &["cloud", "cluster", "serve", "cli"], "only what talks to machines waits for IO"),
    (
        "std::fs",
        &["catalog", "cluster", "cli"],
        "files are read in cli; catalog loads its directory, cluster keeps its state",
    ),
    ("std::net", &["cloud", "cluster", "serve", "cli"], "the core does no IO"),
];

/// One source file as the rules see it.
struct Source {
    /// Relative to the package, with `/`.
    path: String,
    /// First component below `src`, without `.rs`.
    module: String,
    /// All of it.
    text: String,
    /// Without comments and tests; line numbers kept.
    code: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn collect(dir: &Path, into: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(dir).expect("readable").map(|e| e.expect("entry").path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
}

fn sources() -> Vec<Source> {
    let mut paths = Vec::new();
    collect(&root().join("src"), &mut paths);
    let is_test = |p: &Path| p.ends_with("tests.rs") || p.components().any(|c| c.as_os_str() == "tests");
    let of = |path: PathBuf| {
        let below = path.strip_prefix(root()).expect("inside").to_string_lossy().replace('\\', "/");
        let module = below["src/".len()..].split('/').next().expect("a part").trim_end_matches(".rs").to_owned();
        let text = fs::read_to_string(&path).expect("UTF-8");
        Source { code: code_of(&text), path: below, module, text }
    };
    let all: Vec<Source> = paths.into_iter().filter(|p| !is_test(p)).map(of).collect();
    assert!(all.len() > 10, "the source was not found");
    all
}

/// Blanks comments, and everything from the first `#[cfg(test)]` on a module to the end of the file.
fn code_of(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let tests = lines
        .windows(2)
        .position(|w| w[0].trim() == "#[cfg(test)]" && w[1].trim_start().starts_with("mod "))
        .unwrap_or(lines.len());
    let mut code = String::new();
    for line in &lines[..tests] {
        let kept = if line.trim_start().starts_with("//") { "" } else { line.split(" // ").next().unwrap_or(line) };
        let _ = writeln!(code, "{kept}");
    }
    code
}

/// The first path components after `crate::` (or `sky::` in a binary), braces opened.
fn named_modules(source: &Source) -> BTreeSet<String> {
    let prefix = if source.module == "bin" { "sky::" } else { "crate::" };
    let mut found = BTreeSet::new();
    for (at, _) in source.code.match_indices(prefix) {
        let before = source.code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
            continue;
        }
        let rest = &source.code[at + prefix.len()..];
        if let Some(list) = rest.strip_prefix('{') {
            let mut depth = 0usize;
            let mut word = String::new();
            for c in list.chars() {
                match c {
                    '}' if depth == 0 => break,
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 0 => {
                        found.insert(std::mem::take(&mut word));
                    }
                    _ if depth == 0 => word.push(c),
                    _ => {}
                }
            }
            found.insert(word);
        } else {
            found.insert(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    let first = |path: String| path.trim().split("::").next().unwrap_or_default().trim().to_owned();
    found.into_iter().map(first).filter(|m| m.chars().next().is_some_and(char::is_lowercase)).collect()
}

fn report(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n  {}\n", complaints.join("\n  "));
}

#[test]
fn modules_name_only_what_lies_below_them() {
    let allowed: BTreeMap<&str, &[&str]> = MAY_NAME.iter().copied().collect();
    let mut complaints = Vec::new();
    for source in sources().iter().filter(|s| s.module != "lib") {
        let Some(may) = allowed.get(source.module.as_str()) else {
            complaints.push(format!("{}: module '{}' has no line in MAY_NAME", source.path, source.module));
            continue;
        };
        for named in named_modules(source) {
            let known = allowed.contains_key(named.as_str());
            if known && named != source.module && !may.contains(&named.as_str()) {
                complaints.push(format!("{}: '{}' must not name '{named}'", source.path, source.module));
            }
        }
    }
    report(&complaints);
}

#[test]
fn the_arrows_have_no_circle() {
    for (position, (module, may)) in MAY_NAME.iter().enumerate() {
        for named in *may {
            let below = MAY_NAME[..position].iter().any(|(m, _)| m == named);
            assert!(below, "'{module}' may name '{named}', which does not stand above it in MAY_NAME");
        }
    }
}

#[test]
fn what_must_be_absent_is_absent() {
    let mut complaints = Vec::new();
    for source in sources() {
        for (text, except, why) in ABSENT {
            if except.contains(&source.module.as_str()) {
                continue;
            }
            for (number, _) in source.code.lines().enumerate().filter(|(_, l)| l.contains(text)) {
                complaints.push(format!("{}:{}: `{text}`: {why}", source.path, number + 1));
            }
        }
    }
    report(&complaints);
}

#[test]
fn files_and_functions_stay_small() {
    let mut complaints = Vec::new();
    for source in sources() {
        let lines = source.code.lines().count();
        let excused = LONG_FILES.iter().any(|(path, _)| *path == source.path);
        if lines > FILE_LINES && !excused {
            complaints
                .push(format!("{}: {lines} lines; past {FILE_LINES}, look for the second idea in it", source.path));
        }
        if lines <= FILE_LINES && excused {
            complaints.push(format!("{}: no longer long; take it out of LONG_FILES", source.path));
        }
        for (name, line, length) in functions(&source.code) {
            if length > FUNCTION_LINES {
                complaints.push(format!("{}:{line}: fn {name} has {length} lines, past {FUNCTION_LINES}", source.path));
            }
        }
    }
    report(&complaints);
}

/// Name, first line and length of every function; relies on rustfmt closing it at its own indentation.
fn functions(code: &str) -> Vec<(String, usize, usize)> {
    let lines: Vec<&str> = code.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let body = line.trim_start();
        let Some(name) = ["fn ", "pub fn ", "pub(crate) fn ", "pub(super) fn ", "const fn ", "pub const fn "]
            .iter()
            .find_map(|p| body.strip_prefix(p))
        else {
            continue;
        };
        let close = format!("{}}}", &line[..line.len() - body.len()]);
        let length = lines[start..].iter().position(|l| *l == close || (*l == *line && l.ends_with('}'))).unwrap_or(0);
        found.push((name.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect(), start + 1, length + 1));
    }
    found
}

#[test]
fn public_modules_state_their_invariant() {
    let all = sources();
    let mut complaints = Vec::new();
    for source in &all {
        for line in source.code.lines().filter_map(|l| l.trim().strip_prefix("pub mod ")) {
            let Some(name) = line.strip_suffix(';') else { continue };
            let home = match source.path.rsplit_once('/').expect("below src") {
                (dir, "lib.rs" | "mod.rs") => dir.to_owned(),
                (dir, file) => format!("{dir}/{}", file.trim_end_matches(".rs")),
            };
            let is = |s: &&Source| s.path == format!("{home}/{name}.rs") || s.path == format!("{home}/{name}/mod.rs");
            let Some(module) = all.iter().find(is) else {
                complaints.push(format!("{}: pub mod {name} was not found", source.path));
                continue;
            };
            let docs: String = module.text.lines().take_while(|l| l.starts_with("//!")).collect();
            if !docs.contains("**Invariant:**") {
                complaints.push(format!("{}: the module's docs state no **Invariant:**", module.path));
            }
        }
    }
    report(&complaints);
}

#[test]
fn exceptions_carry_a_reason() {
    let mut complaints = Vec::new();
    for source in sources() {
        for (number, line) in source.code.lines().enumerate() {
            if line.contains("#[allow(") && !line.contains("reason = ") {
                complaints.push(format!("{}:{}: an #[allow] without a reason", source.path, number + 1));
            }
        }
        let expects = source.code.matches("#[expect(").count();
        let reasons = source.code.matches("reason = ").count();
        if expects > reasons {
            complaints.push(format!("{}: an #[expect] without a reason", source.path));
        }
    }
    report(&complaints);
}

/// The rules themselves: a checker that finds nothing anywhere would pass too.
#[test]
fn the_checker_finds_what_it_looks_for() {
    let text = "use crate::{model::Money, cli::{self, Exit}, report};\n// crate::sim\nlet x = crate::engine::Engine;\n\
                #[cfg(test)]\nmod tests { use crate::world; }\n";
    let source = Source { path: String::new(), module: "model".into(), text: text.into(), code: code_of(text) };
    let named: Vec<String> = named_modules(&source).into_iter().collect();
    assert_eq!(named, ["cli", "engine", "model", "report"]);
    assert_eq!(functions("fn a() {\n    1\n}\n"), [("a".to_owned(), 1, 3)]);
}
