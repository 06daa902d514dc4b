use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::file::NEVER;
use super::*;
use crate::study::shard;

const HEADER: &str = "{\"of\":\"a study\"}";

fn row(trial: u64) -> [u64; 3] {
    [trial * trial, if trial.is_multiple_of(3) { NEVER } else { trial * 1_000_003 }, u64::MAX - 1 - trial]
}

fn head(trials: std::ops::Range<u64>, width: usize) -> Head {
    Head { header: HEADER.to_owned(), width, trials }
}

fn written(head: &Head, rows: impl Iterator<Item = Vec<u64>>) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), head).expect("memory");
    rows.for_each(|row| writer.row(&row).expect("a row that fits"));
    writer.finish().expect("all rows")
}

fn piece(trials: std::ops::Range<u64>) -> Vec<u8> {
    written(&head(trials.clone(), 3), trials.map(|trial| row(trial).to_vec()))
}

/// All rows, with what stands before them.
fn read(bytes: &[u8]) -> Result<(Head, Vec<Vec<u64>>), ArchiveError> {
    let mut reader = Reader::new(bytes)?;
    let (mut rows, mut row) = (Vec::new(), Vec::new());
    while reader.next(&mut row)? {
        rows.push(row.clone());
    }
    Ok((reader.head().clone(), rows))
}

/// Pieces put together.
fn merged(pieces: &[Vec<u8>], trials: u64) -> Result<Vec<u8>, ArchiveError> {
    let read: Vec<_> = pieces.iter().map(|bytes| read(bytes)).collect::<Result<_, _>>()?;
    let heads: Vec<Head> = read.iter().map(|(head, _)| head.clone()).collect();
    let rows = in_order(&heads, trials)?.into_iter().flat_map(|at| read[at].1.clone());
    Ok(written(&head(0..trials, 3), rows))
}

proptest! {
    #[test]
    fn pieces_merge_to_the_bytes_of_the_whole(trials in 0u64..60, pieces in 1u64..9, order in any::<u64>()) {
        let mut cut: Vec<Vec<u8>> = (1..=pieces).map(|i| piece(shard(trials, i, pieces).expect("in range"))).collect();
        let by = order as usize % cut.len();
        cut.rotate_left(by);
        if order % 2 == 0 { cut.reverse(); }
        prop_assert_eq!(merged(&cut, trials), Ok(piece(0..trials)));
    }

    #[test]
    fn bytes_are_read_back_or_refused(cells in prop::collection::vec(any::<u64>(), 0..20), at: usize, flip in 1u8..) {
        let head = head(5..5 + cells.len() as u64, 1);
        let rows: Vec<Vec<u64>> = cells.iter().map(|cell| vec![*cell]).collect();
        let mut bytes = written(&head, rows.clone().into_iter());
        prop_assert_eq!(read(&bytes), Ok((head, rows)));
        let place = at % bytes.len();
        prop_assert_eq!(read(&bytes[..place]), Err(ArchiveError::Damaged));
        bytes[place] ^= flip;
        prop_assert_eq!(read(&bytes), Err(ArchiveError::Damaged));
        bytes[place] ^= flip;
        bytes.push(flip);
        prop_assert_eq!(read(&bytes), Err(ArchiveError::Damaged));
    }
}

/// Bytes with a right hash and wrong contents, as nobody but a forger would write them.
#[test]
fn a_right_hash_does_not_excuse_nonsense() {
    let sealed = |numbers: &[u8]| {
        let body = [b"sky-trials-1\n", &Sha256::digest(HEADER)[..], numbers].concat();
        let hash = Sha256::digest(&body);
        read(&[HEADER.as_bytes(), b"\n", &body, &hash].concat())
    };
    assert!(sealed(&[2, 1, 2, 9]).is_ok(), "width 1, first 0, one row");
    let huge = [&[2, 1][..], &[0xff; 9], &[1]].concat();
    for nonsense in
        [&[2, 1, 3, 9][..], &[2, 1, 2], &[2, 1, 2, 9, 9], &[2, 1, 2, 0x89, 0], &[1, 1, 2, 9], &[1, 1, 2], &huge]
    {
        assert_eq!(sealed(nonsense), Err(ArchiveError::Damaged), "{nonsense:?}");
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let merge = |pieces: &[(u64, u64)]| {
        in_order(&pieces.iter().map(|(first, end)| head(*first..*end, 3)).collect::<Vec<_>>(), 10)
    };
    assert_eq!(merge(&[(5, 10), (0, 5)]), Ok(vec![1, 0]));
    assert_eq!(merge(&[(0, 4), (5, 10)]), Err(ArchiveError::Missing { trial: 4 }));
    assert_eq!(merge(&[(0, 9)]), Err(ArchiveError::Missing { trial: 9 }));
    assert_eq!(merge(&[]), Err(ArchiveError::Missing { trial: 0 }));
    assert_eq!(merge(&[(0, 6), (5, 10)]), Err(ArchiveError::Surplus { trial: 5 }));
    assert_eq!(merge(&[(0, 5), (0, 5), (5, 10)]), Err(ArchiveError::Surplus { trial: 0 }));
    assert_eq!(merge(&[(0, 12)]), Err(ArchiveError::Surplus { trial: 10 }));
    let other = Head { header: "{}".to_owned(), ..head(5..10, 3) };
    assert_eq!(in_order(&[head(0..5, 3), other], 10), Err(ArchiveError::OtherStudy));
}

#[test]
fn a_row_that_does_not_fit_is_refused() {
    let mut writer = Writer::new(Vec::new(), &head(0..1, 2)).expect("memory");
    assert!(writer.row(&[1]).is_err(), "too narrow");
    assert!(writer.row(&[1, 2]).is_ok());
    assert!(writer.row(&[1, 2]).is_err(), "one too many");
    assert!(Writer::new(Vec::new(), &head(0..1, 2)).expect("memory").finish().is_err(), "one too few");
}
