//! `sky catalog update`, `sky catalog reset`: fetches price tables, checks them, and puts them in use as a whole.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde_json::json;

use crate::catalog::{AWS, Catalog, SIDE_TABLES, with_zone_names};
use crate::cli::{Console, Environment, Exit, Failure, catalogs, files};

use super::Output;
use super::live::Outside;

/// Where SkyPilot's catalogs are hosted, in the version whose layout is read here.
const HOSTED: &str = "https://raw.githubusercontent.com/skypilot-org/skypilot-catalog/master/catalogs/v8";
/// The clouds whose tables are fetched.
const CLOUDS: [&str; 3] = ["aws", "azure", "gcp"];
/// How long the fetching of one table may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// The largest table that is taken: ten times what is known.
const LARGEST: usize = 100 << 20;

/// Flags of `update`.
#[derive(Debug, Args)]
pub(super) struct UpdateArgs {
    /// Address or directory to take them from: `aws/vms.csv` and so on lie below it, or `aws.csv`.
    #[arg(value_name = "URL or DIR", default_value = HOSTED)]
    from: String,
    /// Take them though a cloud is missing, or has lost half of its rows.
    #[arg(long)]
    force: bool,
    /// Refuse them if `lint` calls anything an error.
    #[arg(long)]
    strict: bool,
    /// How to tell it.
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
}

/// A directory that is removed unless it was put in use.
struct Fresh(PathBuf);

impl Drop for Fresh {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(super) fn update(args: &UpdateArgs, environment: &Environment, console: &mut Console) -> Result<Exit, Failure> {
    if args.output == Output::Json {
        console.tell_errors_as_json();
    }
    let home = Outside::read(environment)?.home.join("catalogs");
    let before = catalogs::in_use()?;
    let fresh = Fresh(home.join(format!("new-{}", std::process::id())));
    files::create_dir(&fresh.0)?;
    let date = environment.now().date().to_string();
    let notes = fetch(args, &fresh.0, &date)?;
    for note in &notes {
        console.note(format!("note: {note}"));
    }
    let after = Catalog::from_dir(&fresh.0)?;
    if !args.force {
        compare_sizes(before, &after)?;
    }
    let errors: Vec<String> =
        after.lint().iter().filter(|finding| finding.rule.is_error()).map(ToString::to_string).collect();
    if args.strict && !errors.is_empty() {
        let message = format!("{} errors were found in the tables; the first: {}", errors.len(), errors[0]);
        return Err(Failure::usage(message, "without --strict they are taken all the same"));
    }
    put_in_use(&home, &fresh, &after)?;
    let diff = before.diff(&after);
    if args.output == Output::Json {
        console.json(&json!({
            "schema": "sky.catalog-update/1", "from": args.from, "date": date, "hash": after.hash(),
            "added": diff.added.len(), "removed": diff.removed.len(), "repriced": diff.repriced.len(),
            "same": diff.same, "lint_errors": errors.len(),
        }))?;
        return Ok(Exit::Done);
    }
    console.line(format!("Catalog {} of {date} is in use.", &after.hash()[..12]))?;
    let (added, removed, repriced) = (diff.added.len(), diff.removed.len(), diff.repriced.len());
    console.line(format!(
        "{added} offerings are new, {removed} are gone, {repriced} have another price, {} are as before.",
        diff.same
    ))?;
    if !errors.is_empty() {
        console.note(format!("note: {} errors in it; `sky catalog lint` lists them", errors.len()));
    }
    console.line(
        "`sky catalog diff` shows what changed, `sky catalog reset` goes back to the tables that are built in.",
    )?;
    Ok(Exit::Done)
}

pub(super) fn reset(environment: &Environment, console: &mut Console) -> Result<Exit, Failure> {
    let home = Outside::read(environment)?.home.join("catalogs");
    match fs::remove_file(home.join("current")) {
        Ok(()) => console.line("The tables that are built in are in use.")?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            console.line("The tables that are built in were in use already.")?;
        }
        Err(error) => return Err(unwritable(&home, &error)),
    }
    Ok(Exit::Done)
}

/// Puts all tables into the directory, with what hosted ones lack; what is worth knowing of it.
fn fetch(args: &UpdateArgs, into: &Path, date: &str) -> Result<Vec<String>, Failure> {
    let mut notes = Vec::new();
    let mut sources = String::from("File,Part,Date,Source,Licence\n");
    let mut source = Source::open(&args.from)?;
    for cloud in CLOUDS {
        let Some(text) = source.table(&[&format!("{cloud}/vms.csv"), &format!("{cloud}.csv")])? else {
            if args.force {
                notes.push(format!("there is no table of {cloud}"));
                continue;
            }
            let message = format!("there is no table of {cloud} at {}", args.from);
            let remedy = format!("it should be called {cloud}/vms.csv or {cloud}.csv; --force goes on without");
            return Err(Failure::usage(message, remedy));
        };
        let file = format!("{cloud}.csv");
        let plain = if cloud == "aws" { with_zone_names(&file, &text, zone_names)? } else { None };
        if plain.is_some() {
            let note =
                "the table of aws names zones by ids, which differ between accounts: they were given names in order";
            notes.push(note.to_owned());
        }
        files::write_whole(&into.join(&file), plain.as_deref().unwrap_or(&text))?;
        let from = args.from.replace([',', '"', '\n'], " ");
        sources.extend([&file, ",all,", date, ",", &from, ",see the source\n"]);
    }
    for (role, shipped) in SIDE_TABLES {
        let file = format!("{role}.csv");
        let own = source.table(&[&file])?;
        files::write_whole(&into.join(&file), own.as_deref().unwrap_or(shipped.as_bytes()))?;
    }
    files::write_whole(&into.join("sources.csv"), sources.as_bytes())?;
    Ok(notes)
}

/// The zones of a region of AWS, as calls name them.
fn zone_names(region: &str) -> Vec<String> {
    let catalog = Catalog::embedded();
    let zones = catalog.find_region(Some(AWS), region).map(|region| catalog.zones_of(region));
    zones.into_iter().flatten().map(|zone| catalog.zone_name(zone).to_owned()).collect()
}

/// Where tables are taken from.
enum Source {
    Dir(PathBuf),
    Web { base: String, http: reqwest::Client, runtime: tokio::runtime::Runtime },
}

impl Source {
    fn open(from: &str) -> Result<Self, Failure> {
        if !from.starts_with("https://") && !from.starts_with("http://") {
            let dir = PathBuf::from(from);
            if dir.is_dir() {
                return Ok(Self::Dir(dir));
            }
            return Err(Failure::usage(format!("'{from}' is neither an address nor a directory"), "write https://..."));
        }
        // Whoever was first in this process has chosen the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .user_agent(concat!("sky/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(15))
            .timeout(PATIENCE)
            .build()
            .map_err(|error| unreachable_source(from, &error))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self::Web { base: from.trim_end_matches('/').to_owned(), http, runtime })
    }

    /// The first of these files that is there.
    fn table(&mut self, names: &[&str]) -> Result<Option<Vec<u8>>, Failure> {
        for name in names {
            let found = match self {
                Self::Dir(dir) => {
                    let path = dir.join(name);
                    if path.exists() { Some(files::read_bytes(&path)?) } else { None }
                }
                Self::Web { base, http, runtime } => {
                    let url = format!("{base}/{name}");
                    runtime.block_on(download(http, &url))?
                }
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }
}

/// The file at an address; `None` if there is none.
async fn download(http: &reqwest::Client, url: &str) -> Result<Option<Vec<u8>>, Failure> {
    let mut response = http.get(url).send().await.map_err(|error| unreachable_source(url, &error))?;
    if response.status() == reqwest::StatusCode::NOT_FOUND {
        return Ok(None);
    }
    if !response.status().is_success() {
        let message = format!("{url} answered {}", response.status());
        return Err(Failure::usage(message, "try again later, or give another address"));
    }
    let mut text = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unreachable_source(url, &error))? {
        text.extend_from_slice(&chunk);
        if text.len() > LARGEST {
            return Err(Failure::usage(format!("{url} is larger than {} MB", LARGEST >> 20), "this is no price table"));
        }
    }
    Ok(Some(text))
}

fn unreachable_source(url: &str, error: &reqwest::Error) -> Failure {
    let mut deepest: &dyn std::error::Error = error;
    while let Some(below) = deepest.source() {
        deepest = below;
    }
    Failure::usage(
        format!("{url} could not be fetched: {deepest}"),
        "the tables in use are as before; give another address, or a directory",
    )
}

/// A table that lost half of its rows was more likely cut than sold out.
fn compare_sizes(before: &Catalog, after: &Catalog) -> Result<(), Failure> {
    for (was, is) in before.info().clouds.iter().zip(after.info().clouds.iter()) {
        // By types: a region may have more rows in one table than in another.
        if is.types * 2 < was.types {
            let cloud = before.cloud_title(was.cloud);
            let message =
                format!("the new table of {cloud} has {} instance types, that in use {}", is.types, was.types);
            return Err(Failure::usage(message, "it may have been cut off; --force takes it all the same"));
        }
    }
    Ok(())
}

/// Gives the directory the name of its contents and leads `current` there in one step; the one before stays as
/// `previous`, older ones go.
fn put_in_use(home: &Path, fresh: &Fresh, catalog: &Catalog) -> Result<(), Failure> {
    let name = catalog.hash()[..16].to_owned();
    let swap = || {
        let place = home.join(&name);
        if !place.exists() {
            fs::rename(&fresh.0, &place)?;
        }
        let was = fs::read_link(home.join("current")).ok();
        if let Some(was) = was.as_ref().filter(|was| **was != Path::new(&name)) {
            point(home, "previous", was)?;
        }
        point(home, "current", Path::new(&name))?;
        let kept: Vec<PathBuf> =
            ["current", "previous"].iter().filter_map(|link| fs::read_link(home.join(link)).ok()).collect();
        for entry in fs::read_dir(home)?.flatten() {
            let old = entry.file_type()?.is_dir() && entry.file_name().len() == name.len();
            if old && !kept.iter().any(|kept| kept.as_os_str() == entry.file_name()) {
                fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(())
    };
    swap().map_err(|error: std::io::Error| unwritable(home, &error))
}

/// Makes a link lead somewhere else, in one step.
fn point(home: &Path, link: &str, to: &Path) -> std::io::Result<()> {
    let fresh = home.join(format!("{link}.{}", std::process::id()));
    let _ = fs::remove_file(&fresh);
    std::os::unix::fs::symlink(to, &fresh)?;
    fs::rename(&fresh, home.join(link))
}

fn unwritable(home: &Path, error: &std::io::Error) -> Failure {
    Failure::usage(format!("'{}' cannot be written: {error}", home.display()), "name another directory by SKY_HOME")
}
