//! Whole numbers, one row a trial, as bytes.
//!
//! **Invariant:** rows stand in the order of the trials and have one encoding, so pieces made anywhere and put together in
//! order give the same bytes as the whole made at once.
//!
//! A file is a line of JSON, then magic, SHA-256 of that line, cells of a row, first trial, rows, the cells, and SHA-256 of
//! all that after the line. Numbers take seven bits a byte, least significant first, and one more than they are, so that
//! [`NEVER`] takes one byte.

use std::io::{self, BufRead, Read, Write};
use std::ops::Range;

use sha2::{Digest, Sha256};

/// The cell of a trial that never got there.
pub(super) const NEVER: u64 = u64::MAX;

/// Name and version of the encoding.
const MAGIC: &[u8] = b"sky-trials-1\n";

/// What a file says of itself before its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The line of JSON that says what was run; only pieces with the same belong together.
    pub header: String,
    /// Cells of a row.
    pub width: usize,
    /// The trials that have a row.
    pub trials: Range<u64>,
}

/// Why files cannot be read or put together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// Not what a [`Writer`] wrote.
    #[error("this is not a complete file of trials (run the shard again)")]
    Damaged,
    /// The system does not hand the bytes over.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// Pieces of different studies.
    #[error("these shards belong to different studies (same scenario, catalog, seed, policies and version needed)")]
    OtherStudy,
    /// No piece holds this trial.
    #[error("trial {trial} is in no shard (add the shard that holds it)")]
    Missing {
        /// The first one that is missing.
        trial: u64,
    },
    /// Two pieces hold this trial, or it is past the end of the study.
    #[error("trial {trial} is there twice or past the end of the study (give every shard once)")]
    Surplus {
        /// The first such trial.
        trial: u64,
    },
}

/// Writes a file, row by row.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    hash: Sha256,
    width: usize,
    left: u64,
    bytes: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Begins a file.
    pub fn new(mut out: W, head: &Head) -> io::Result<Self> {
        let Head { header, width, trials } = head;
        out.write_all(header.as_bytes())?;
        out.write_all(b"\n")?;
        let left = trials.end.saturating_sub(trials.start);
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&Sha256::digest(header));
        for number in [*width as u64, trials.start, left] {
            write_number(number, &mut bytes);
        }
        let mut writer = Self { out, hash: Sha256::new(), width: *width, left, bytes };
        writer.pass_on()?;
        Ok(writer)
    }

    /// Adds the next trial. An error for a row of another width, or one more than was said.
    pub fn row(&mut self, cells: &[u64]) -> io::Result<()> {
        if cells.len() != self.width || cells.is_empty() || self.left == 0 {
            let text =
                format!("a row of {} cells, where {} rows of {} are to come", cells.len(), self.left, self.width);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        self.left -= 1;
        for cell in cells {
            write_number(*cell, &mut self.bytes);
        }
        self.pass_on()
    }

    /// Ends the file.
    pub fn finish(mut self) -> io::Result<W> {
        if self.left > 0 {
            let text = format!("{} rows are missing", self.left);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        self.out.write_all(&self.hash.finalize())?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn pass_on(&mut self) -> io::Result<()> {
        self.hash.update(&self.bytes);
        self.out.write_all(&self.bytes)?;
        self.bytes.clear();
        Ok(())
    }
}

/// Reads what a [`Writer`] wrote, and nothing else, row by row.
#[derive(Debug)]
pub struct Reader<R> {
    input: R,
    head: Head,
    hash: Sha256,
    left: u64,
    /// What has been read since the hash was last told.
    bytes: Vec<u8>,
}

impl<R: BufRead> Reader<R> {
    /// Reads what stands before the rows.
    pub fn new(mut input: R) -> Result<Self, ArchiveError> {
        let mut line = Vec::new();
        // A file of another kind may have no end of line, and any size.
        input.by_ref().take(LONGEST_HEADER).read_until(b'\n', &mut line).map_err(|error| told(&error))?;
        let header = line.strip_suffix(b"\n").and_then(|line| String::from_utf8(line.to_vec()).ok());
        let header = header.ok_or(ArchiveError::Damaged)?;
        let head = Head { header, width: 0, trials: 0..0 };
        let mut reader = Self { input, head, hash: Sha256::new(), left: 0, bytes: Vec::new() };
        let (magic, study) = (reader.exactly::<{ MAGIC.len() }>()?, reader.exactly::<32>()?);
        if magic != MAGIC || study[..] != Sha256::digest(&reader.head.header)[..] {
            return Err(ArchiveError::Damaged);
        }
        let (width, first, rows) = (reader.number()?, reader.number()?, reader.number()?);
        let end = first.checked_add(rows).ok_or(ArchiveError::Damaged)?;
        reader.head.width = usize::try_from(width).map_err(|_| ArchiveError::Damaged)?;
        reader.head.trials = first..end;
        reader.left = rows;
        if width == 0 && rows > 0 {
            return Err(ArchiveError::Damaged);
        }
        Ok(reader)
    }

    /// What stands before the rows.
    pub const fn head(&self) -> &Head {
        &self.head
    }

    /// The next row into `row`; false after the last, once the file has proved to be whole.
    pub fn next(&mut self, row: &mut Vec<u64>) -> Result<bool, ArchiveError> {
        row.clear();
        self.hash.update(&self.bytes);
        self.bytes.clear();
        if self.left == 0 {
            let hash = self.exactly::<32>()?;
            let is_whole = hash[..] == self.hash.clone().finalize()[..];
            let is_over = self.input.fill_buf().map_err(|error| told(&error))?.is_empty();
            return if is_whole && is_over { Ok(false) } else { Err(ArchiveError::Damaged) };
        }
        self.left -= 1;
        for _ in 0..self.head.width {
            row.push(self.number()?);
        }
        Ok(true)
    }

    fn exactly<const N: usize>(&mut self) -> Result<[u8; N], ArchiveError> {
        let mut bytes = [0; N];
        self.input.read_exact(&mut bytes).map_err(|error| told(&error))?;
        self.bytes.extend_from_slice(&bytes);
        Ok(bytes)
    }

    fn number(&mut self) -> Result<u64, ArchiveError> {
        let mut number = 0u64;
        for place in 0..10 {
            let [byte] = self.exactly::<1>()?;
            let bits = u64::from(byte & 0x7f);
            // The tenth byte has room for one bit; a zero at the end would be a second way to write the same number.
            if (place == 9 && bits > 1) || (place > 0 && byte == 0) {
                return Err(ArchiveError::Damaged);
            }
            number |= bits << (7 * place);
            if byte & 0x80 == 0 {
                return Ok(number.wrapping_sub(1));
            }
        }
        Err(ArchiveError::Damaged)
    }
}

/// A line of JSON is no longer, whatever was swept.
const LONGEST_HEADER: u64 = 1 << 28;

fn told(error: &io::Error) -> ArchiveError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => ArchiveError::Damaged,
        // The number is of no use to anybody.
        _ => ArchiveError::Unreadable(error.to_string().split(" (os error").next().unwrap_or_default().to_lowercase()),
    }
}

fn write_number(number: u64, bytes: &mut Vec<u8>) {
    let mut left = number.wrapping_add(1);
    while left >= 0x80 {
        bytes.push(left as u8 | 0x80);
        left >>= 7;
    }
    bytes.push(left as u8);
}
