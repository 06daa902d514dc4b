//! What the trials of a study came to, as numbers, in a form that pieces of the study can be put together from.
//!
//! **Invariant:** rows stand in the order of the trials and a table has one encoding, so pieces made anywhere and
//! merged in any order give the same bytes as the whole made at once.

use std::ops::Range;

use sha2::{Digest, Sha256};

/// The cell of a trial that never got there.
pub const NEVER: u64 = u64::MAX;

/// One row of whole numbers a trial, for trials in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Hash of everything that decides what a trial comes to; only tables of one study can be merged.
    study: [u8; 32],
    width: usize,
    first: u64,
    cells: Vec<u64>,
}

/// Why tables cannot be read or merged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// Not what [`Table::encode`] wrote.
    #[error("this is not a complete table of trials (run the shard again)")]
    Damaged,
    /// A row has another length.
    #[error("a row of {found} cells does not fit a table of {expected} columns")]
    Width {
        /// Columns of the table.
        expected: usize,
        /// Cells of the row.
        found: usize,
    },
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

/// The trials of piece `index` of `pieces`, counted from 1, of a study; sizes differ by at most one. `None` unless
/// 1 ≤ `index` ≤ `pieces`.
pub fn shard(trials: u64, index: u64, pieces: u64) -> Option<Range<u64>> {
    let cut = |at: u64| (u128::from(trials) * u128::from(at) / u128::from(pieces)) as u64;
    (index >= 1 && index <= pieces).then(|| cut(index - 1)..cut(index))
}

impl Table {
    /// Without rows, to be filled from trial `first` on.
    pub const fn new(study: [u8; 32], width: usize, first: u64) -> Self {
        Self { study, width, first, cells: Vec::new() }
    }

    /// Adds the next trial.
    pub fn push(&mut self, row: &[u64]) -> Result<(), TableError> {
        if row.len() != self.width || row.is_empty() {
            return Err(TableError::Width { expected: self.width, found: row.len() });
        }
        self.cells.extend_from_slice(row);
        Ok(())
    }

    /// Hash of everything that decides what a trial comes to.
    pub const fn study(&self) -> &[u8; 32] {
        &self.study
    }

    /// The trials it holds.
    pub fn trials(&self) -> Range<u64> {
        self.first..self.first + self.rows().len() as u64
    }

    /// Its rows, by trial.
    pub fn rows(&self) -> std::slice::ChunksExact<'_, u64> {
        self.cells.chunks_exact(self.width.max(1))
    }

    /// One column, by trial, [`NEVER`] as `None`: what a [`Sample`](super::Sample) is made from.
    pub fn column(&self, index: usize) -> impl Iterator<Item = Option<u64>> + '_ {
        self.rows().filter_map(move |row| row.get(index)).map(|cell| (*cell != NEVER).then_some(*cell))
    }

    /// Puts the pieces of a study of `trials` trials together, in whatever order they come.
    pub fn merge(pieces: Vec<Self>, trials: u64) -> Result<Self, TableError> {
        let mut pieces = pieces;
        pieces.sort_by_key(|piece| (piece.first, piece.cells.len()));
        let Some(one) = pieces.first() else { return Err(TableError::Missing { trial: 0 }) };
        let mut whole = Self::new(one.study, one.width, 0);
        for piece in &pieces {
            if (piece.study, piece.width) != (whole.study, whole.width) {
                return Err(TableError::OtherStudy);
            }
            let (next, of) = (whole.trials().end, piece.trials());
            if of.is_empty() {
                continue;
            }
            if of.start > next {
                return Err(TableError::Missing { trial: next });
            }
            if of.start < next || of.end > trials {
                return Err(TableError::Surplus { trial: if of.start < next { of.start } else { trials.max(next) } });
            }
            whole.cells.extend_from_slice(&piece.cells);
        }
        let end = whole.trials().end;
        if end < trials { Err(TableError::Missing { trial: end }) } else { Ok(whole) }
    }

    /// As bytes: magic, study, width, first trial, rows, cells, SHA-256 of all that. Numbers take seven bits a byte,
    /// least significant first, and one more than they are, so that [`NEVER`] takes one byte.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&self.study);
        let head = [self.width as u64, self.first, self.rows().len() as u64];
        for number in head.iter().chain(&self.cells) {
            write_number(*number, &mut bytes);
        }
        let hash = Sha256::digest(&bytes);
        bytes.extend_from_slice(&hash);
        bytes
    }

    /// Reads what [`Table::encode`] wrote, and nothing else.
    pub fn decode(bytes: &[u8]) -> Result<Self, TableError> {
        Self::read(bytes).ok_or(TableError::Damaged)
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (body, hash) = bytes.split_last_chunk::<32>()?;
        if Sha256::digest(body)[..] != hash[..] {
            return None;
        }
        let (study, mut rest) = body.strip_prefix(MAGIC)?.split_first_chunk::<32>()?;
        let width = usize::try_from(read_number(&mut rest)?).ok()?;
        let first = read_number(&mut rest)?;
        let rows = usize::try_from(read_number(&mut rest)?).ok()?;
        let cells = rows.checked_mul(width)?;
        // Every cell takes a byte at least: a number too large for what follows must not reserve memory.
        if cells > rest.len() || (width == 0 && rows > 0) || first.checked_add(rows as u64).is_none() {
            return None;
        }
        let mut table = Self { study: *study, width, first, cells: Vec::with_capacity(cells) };
        for _ in 0..cells {
            table.cells.push(read_number(&mut rest)?);
        }
        rest.is_empty().then_some(table)
    }
}

/// Name and version of the encoding.
const MAGIC: &[u8] = b"sky-trials-1\n";

fn write_number(number: u64, bytes: &mut Vec<u8>) {
    let mut left = number.wrapping_add(1);
    while left >= 0x80 {
        bytes.push(left as u8 | 0x80);
        left >>= 7;
    }
    bytes.push(left as u8);
}

fn read_number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for place in 0..10 {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let bits = u64::from(byte & 0x7f);
        // The tenth byte has room for one bit; a zero at the end would be a second way to write the same number.
        if (place == 9 && bits > 1) || (place > 0 && *byte == 0) {
            return None;
        }
        number |= bits << (7 * place);
        if byte & 0x80 == 0 {
            return Some(number.wrapping_sub(1));
        }
    }
    None
}
