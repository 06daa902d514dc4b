//! Files that are read and written, with errors that name them.

use std::fs;
use std::io::{BufReader, BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::{Exit, Failure};

/// The text of a file; `-` is the standard input.
pub(super) fn read(path: &Path) -> Result<String, Failure> {
    let read =
        if path.as_os_str() == "-" { std::io::read_to_string(std::io::stdin()) } else { fs::read_to_string(path) };
    read.map_err(|error| unreadable(path, &error))
}

/// The text of a file that another one names; what went wrong is said where it is named.
pub(super) fn read_beside(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| plain(&error))
}

/// The bytes of a file.
pub(super) fn read_bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| unreadable(path, &error))
}

/// Whether a file starts with these bytes.
pub(super) fn starts_with(path: &Path, bytes: &[u8]) -> Result<bool, Failure> {
    let mut start = Vec::new();
    let read = open(path)?.take(bytes.len() as u64).read_to_end(&mut start);
    read.map(|_| start == bytes).map_err(|error| unreadable(path, &error))
}

/// A file to be read piece by piece.
pub(super) fn open(path: &Path) -> Result<BufReader<fs::File>, Failure> {
    fs::File::open(path).map(BufReader::new).map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    let hint = match error.kind() {
        std::io::ErrorKind::NotFound => "check the path; relative ones start at the current directory",
        std::io::ErrorKind::PermissionDenied => "make it readable for this user",
        std::io::ErrorKind::InvalidData => "save it as UTF-8 text",
        _ => "",
    };
    Failure::usage(format!("'{}' cannot be read: {}", path.display(), plain(error)), hint)
}

/// The traces in a directory (JSON, CSV), by name.
pub(super) fn below(dir: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = fs::read_dir(dir).and_then(Iterator::collect::<std::io::Result<Vec<_>>>);
    let entries = entries.map_err(|error| unreadable(dir, &error))?;
    let is_trace = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "json" || ending == "csv");
    let mut paths: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).filter(is_trace).collect();
    paths.sort();
    Ok(paths)
}

/// Makes a directory and those above it.
pub(super) fn create_dir(path: &Path) -> Result<(), Failure> {
    fs::create_dir_all(path).map_err(|error| unwritable(path, &error))
}

/// Writes a file as a whole.
pub(super) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let written = fs::File::create(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| unwritable(path, &error))
}

/// Opens a new file for writing.
pub(super) fn create(path: &Path) -> Result<fs::File, Failure> {
    fs::File::create(path).map_err(|error| unwritable(path, &error))
}

/// Writes a file under another name first, so that whoever sees it sees it whole.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write_by(path, |out| Ok(out.write_all(bytes)?))
}

/// The same, bit by bit. Returns what `write` returns.
pub(super) fn write_by<R>(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<fs::File>) -> Result<R, NotWritten>,
) -> Result<R, Failure> {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    let in_full = || {
        let mut out = BufWriter::new(fs::File::create(&name)?);
        let result = write(&mut out)?;
        out.flush()?;
        fs::rename(&name, path)?;
        Ok(result)
    };
    in_full().map_err(|error| {
        // Of no use to anybody; if it cannot be removed either, the first error says why.
        let _ = fs::remove_file(&name);
        match error {
            NotWritten::System(error) => unwritable(path, &error),
            NotWritten::Made(failure) => failure,
        }
    })
}

/// Why a file was not written.
pub(super) enum NotWritten {
    /// The system does not take it.
    System(std::io::Error),
    /// What should stand in it could not be made.
    Made(Failure),
}

impl NotWritten {
    /// For a file that is nobody's.
    pub(super) fn failure(self) -> Failure {
        match self {
            Self::System(error) => error.into(),
            Self::Made(failure) => failure,
        }
    }
}

impl From<serde_json::Error> for NotWritten {
    fn from(error: serde_json::Error) -> Self {
        Self::System(error.into())
    }
}

impl From<std::io::Error> for NotWritten {
    fn from(error: std::io::Error) -> Self {
        Self::System(error)
    }
}

impl From<Failure> for NotWritten {
    fn from(failure: Failure) -> Self {
        Self::Made(failure)
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::Plain {
        exit: Exit::Usage,
        message: format!("'{}' cannot be written: {}", path.display(), plain(error)),
        hint: "choose another directory".to_owned(),
    }
}

/// The system's words, lower-case and without its number.
fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
