//! Workdir and file mounts, by rsync over ssh.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use crate::request::Work;

use super::contact::on_all;
use super::endpoint::Machines;
use super::error::MachineError;
use super::ssh::{Ssh, no_program};
use super::{Tell, Told};

/// Where the workdir is on a machine, below its home.
const WORKDIR: &str = "sky_workdir";

/// One thing to copy.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Copy {
    from: PathBuf,
    to: Destination,
    /// The contents of a directory; otherwise one file.
    directory: bool,
    /// Leave out what `.skyignore` or `.gitignore` name.
    filtered: bool,
}

/// Where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Destination {
    /// Below the machine's home.
    Home(String),
    /// Anywhere else.
    Absolute(String),
}

/// Everything that keeps the task's files from being copied, found before a machine is paid for.
///
/// # Errors
/// The first that is missing here, or that would have to come from a bucket.
pub fn check_files(work: &Work, home: Option<&Path>) -> Result<(), MachineError> {
    copies(work, home).map(|_| ())
}

fn copies(work: &Work, home: Option<&Path>) -> Result<Vec<Copy>, MachineError> {
    let mut copies = Vec::new();
    if let Some(dir) = &work.workdir {
        let from = source("workdir", dir, home)?;
        if !from.is_dir() {
            return Err(MachineError::here(format!("workdir '{dir}' is not a directory"), "name a directory"));
        }
        copies.push(Copy { from, to: Destination::Home(WORKDIR.to_owned()), directory: true, filtered: true });
    }
    for (to, from) in &work.file_mounts {
        let path = source(&format!("file_mounts.{to}"), from, home)?;
        let directory = path.is_dir();
        copies.push(Copy { from: path, to: destination(to)?, directory, filtered: false });
    }
    Ok(copies)
}

/// A path of this side; anything with a scheme is somewhere else.
fn source(what: &str, text: &str, home: Option<&Path>) -> Result<PathBuf, MachineError> {
    if let Some((scheme, _)) = text.split_once("://") {
        let remedy = match scheme {
            "s3" => format!("copy it in `setup`: aws s3 sync {text} DIRECTORY"),
            "gs" => format!("copy it in `setup`: gcloud storage rsync -r {text} DIRECTORY"),
            "http" | "https" => "fetch it in `setup`, with git clone or curl".to_owned(),
            _ => "copy it in `setup` with the tool of its store".to_owned(),
        };
        return Err(MachineError::here(
            format!("{what}: '{text}' is not on this machine, and only local files are copied"),
            remedy,
        ));
    }
    let path = match (text.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ if text == "~" => home.map_or_else(|| PathBuf::from(text), Path::to_path_buf),
        _ => PathBuf::from(text),
    };
    if path.exists() {
        return Ok(path);
    }
    Err(MachineError::here(format!("{what}: '{text}' does not exist"), "relative paths start at the current directory"))
}

fn destination(text: &str) -> Result<Destination, MachineError> {
    let trimmed = text.trim_end_matches('/');
    if let Some(below) = trimmed.strip_prefix("~/") {
        return Ok(Destination::Home(below.to_owned()));
    }
    match trimmed {
        "" | "~" => Err(MachineError::here(
            format!("file_mounts: '{text}' as a whole is not written over"),
            "name a path below it",
        )),
        path if path.starts_with('/') => Ok(Destination::Absolute(path.to_owned())),
        path => Ok(Destination::Home(format!("{WORKDIR}/{}", path.trim_start_matches("./")))),
    }
}

/// Copies everything to every node, the nodes in parallel.
pub(super) async fn copy(
    machines: &Machines,
    work: &Work,
    home: Option<&Path>,
    tell: Tell<'_>,
) -> Result<(), MachineError> {
    let copies = copies(work, home)?;
    let what = match (&work.workdir, work.file_mounts.len()) {
        (None, 0) => return Ok(()),
        (Some(dir), 0) => format!("Copying workdir '{dir}'"),
        (Some(dir), mounts) => format!("Copying workdir '{dir}' and {mounts} file mounts"),
        (None, mounts) => format!("Copying {mounts} file mounts"),
    };
    tell(Told::Step(&what));
    on_all(machines, move |ssh| {
        let copies = copies.clone();
        async move {
            for copy in &copies {
                copy_one(&ssh, copy).await?;
            }
            Ok(())
        }
    })
    .await?;
    Ok(())
}

/// Sees to rsync and the parent directory, and says where to write: `direct`, or `linked` if only root may write there,
/// so that the files live below the home and a link leads there.
const MAKE_ROOM: &str = r#"
if ! command -v rsync >/dev/null; then
  root=; [ "$(id -u)" = 0 ] || root="sudo -n"
  { $root apt-get install -y rsync || { $root apt-get update && $root apt-get install -y rsync; } ||
    $root dnf install -y rsync || $root yum install -y rsync || $root zypper -n install rsync || $root apk add rsync
  } >/dev/null 2>&1 </dev/null
  command -v rsync >/dev/null || { echo "rsync is not installed and could not be" >&2; exit 1; }
fi
to=$1
case $to in *'/'*) parent=${to%/*} ;; *) parent=. ;; esac
if mkdir -p "${parent:-/}" 2>/dev/null && { [ -w "$to" ] || { [ ! -e "$to" ] && [ -w "${parent:-/}" ]; }; }; then
  { [ "$2" = file ] || mkdir -p "$to"; } && echo direct
  exit
fi
case $to in /*) ;; *) echo "$to cannot be written" >&2; exit 1 ;; esac
mkdir -p ".sky/file_mounts${to%/*}" || exit 1
if [ -L "$to" ] || ! sudo -n test -e "$to"; then
  sudo -n mkdir -p "${to%/*}/" && sudo -n ln -sfn "$HOME/.sky/file_mounts$to" "$to" && echo linked
else
  echo "$to exists and belongs to someone else" >&2
  exit 1
fi"#;

async fn copy_one(ssh: &Ssh, copy: &Copy) -> Result<(), MachineError> {
    let (Destination::Home(path) | Destination::Absolute(path)) = &copy.to;
    let kind = if copy.directory { "directory" } else { "file" };
    let said = ssh.must(&format!("make room at {path}"), MAKE_ROOM, &[path, kind], b"").await?;
    let target = match said.lines().next_back() {
        Some("linked") => format!(".sky/file_mounts{path}"),
        _ => path.clone(),
    };
    let mut command = Command::new("rsync");
    command.args(["-az", "--no-owner", "--no-group", "--protect-args", "-e", &ssh.for_rsync()]);
    if copy.filtered {
        command.args(filters(&copy.from));
    }
    let slash = if copy.directory { "/" } else { "" };
    // A name with a colon would be read as another machine.
    let from = std::path::absolute(&copy.from).unwrap_or_else(|_| copy.from.clone());
    command.arg("--").arg(format!("{}{slash}", from.display()));
    let host = &ssh.endpoint.host;
    let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
    command.arg(format!("{host}:{target}{slash}"));
    command.process_group(0).kill_on_drop(true).stdin(Stdio::null());
    let output = command.output().await.map_err(|error| no_program("rsync", &error))?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    let words: Vec<&str> = words.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    Err(MachineError::Failed {
        node: ssh.node.clone(),
        what: format!("receive '{}'", copy.from.display()),
        code: output.status.code().unwrap_or(-1),
        reason: words.first().map_or_else(|| "rsync was stopped".to_owned(), |first| (*first).to_owned()),
    })
}

/// What is left out of a workdir: what its `.skyignore` names; without one, what git ignores there.
fn filters(dir: &Path) -> Vec<String> {
    let own = dir.join(".skyignore");
    if own.is_file() {
        return vec![format!("--exclude-from={}", own.display())];
    }
    let mut filters = vec!["--filter=dir-merge,- .gitignore".to_owned()];
    let private = dir.join(".git/info/exclude");
    if private.is_file() {
        filters.push(format!("--exclude-from={}", private.display()));
    }
    filters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_on_the_machine() {
        let home = |path: &str| Ok(Destination::Home(path.to_owned()));
        assert_eq!(destination("~/data/"), home("data"));
        assert_eq!(destination("data/x"), home("sky_workdir/data/x"));
        assert_eq!(destination("./data"), home("sky_workdir/data"));
        assert_eq!(destination("/data/x"), Ok(Destination::Absolute("/data/x".to_owned())));
        assert!(destination("/").is_err() && destination("~/").is_err());
    }

    #[test]
    fn what_cannot_be_copied_is_said_before() {
        let dir = tempfile::tempdir().expect("a directory");
        let mount = |from: &str| {
            let work = Work { file_mounts: vec![("~/x".to_owned(), from.to_owned())], ..Work::default() };
            check_files(&work, Some(dir.path())).map_err(|error| format!("{error} = {}", error.hint()))
        };
        std::fs::write(dir.path().join("f"), "").expect("written");
        assert_eq!(mount("~/f"), Ok(()));
        let errors = [mount("s3://b/k"), mount("~/none"), mount("https://x/y.git")].map(Result::unwrap_err);
        insta::assert_snapshot!(errors.join("\n"), @r"
        file_mounts.~/x: 's3://b/k' is not on this machine, and only local files are copied = copy it in `setup`: aws s3 sync s3://b/k DIRECTORY
        file_mounts.~/x: '~/none' does not exist = relative paths start at the current directory
        file_mounts.~/x: 'https://x/y.git' is not on this machine, and only local files are copied = fetch it in `setup`, with git clone or curl
        ");
        let work = Work { workdir: Some("~/f".to_owned()), ..Work::default() };
        assert!(check_files(&work, Some(dir.path())).unwrap_err().to_string().contains("not a directory"));
    }
}
