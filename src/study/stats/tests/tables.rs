use proptest::prelude::*;

use super::*;

const STUDY: [u8; 32] = [7; 32];

fn row(trial: u64) -> [u64; 3] {
    [trial * trial, if trial.is_multiple_of(3) { NEVER } else { trial * 1_000_003 }, u64::MAX - 1 - trial]
}

fn piece(trials: std::ops::Range<u64>) -> Table {
    let mut table = Table::new(STUDY, 3, trials.start);
    trials.for_each(|trial| table.push(&row(trial)).expect("three cells"));
    table
}

proptest! {
    #[test]
    fn pieces_merge_to_the_bytes_of_the_whole(trials in 0u64..60, pieces in 1u64..9, order in any::<u64>()) {
        let mut cut: Vec<Table> = (1..=pieces).map(|i| piece(shard(trials, i, pieces).expect("in range"))).collect();
        let by = order as usize % cut.len();
        cut.rotate_left(by);
        if order % 2 == 0 { cut.reverse(); }
        let read = cut.iter().map(|table| Table::decode(&table.encode()).expect("complete")).collect();
        prop_assert_eq!(Table::merge(read, trials).expect("complete").encode(), piece(0..trials).encode());
    }

    #[test]
    fn bytes_are_read_back_or_refused(cells in prop::collection::vec(any::<u64>(), 0..20), at: usize, flip in 1u8..) {
        let mut table = Table::new(STUDY, 1, 5);
        for cell in &cells { table.push(&[*cell]).expect("one cell"); }
        let mut bytes = table.encode();
        prop_assert_eq!(Table::decode(&bytes), Ok(table));
        let place = at % bytes.len();
        prop_assert_eq!(Table::decode(&bytes[..place]), Err(TableError::Damaged));
        bytes[place] ^= flip;
        prop_assert_eq!(Table::decode(&bytes), Err(TableError::Damaged));
    }

    #[test]
    fn shards_cover_every_trial_once(trials: u64, pieces in 1u64..50) {
        let mut next = 0;
        for index in 1..=pieces {
            let of = shard(trials, index, pieces).expect("in range");
            prop_assert_eq!(of.start, next);
            prop_assert!((of.end - of.start).abs_diff(trials / pieces) <= 1);
            next = of.end;
        }
        prop_assert_eq!(next, trials);
        prop_assert_eq!((shard(trials, 0, pieces), shard(trials, pieces + 1, pieces)), (None, None));
    }
}

/// Bytes with a right hash and wrong contents, as nobody but a forger would write them.
#[test]
fn a_right_hash_does_not_excuse_nonsense() {
    use sha2::{Digest, Sha256};
    let sealed = |numbers: &[u8]| {
        let mut bytes = [b"sky-trials-1\n", &STUDY[..], numbers].concat();
        let hash = Sha256::digest(&bytes);
        bytes.extend_from_slice(&hash);
        Table::decode(&bytes)
    };
    assert!(sealed(&[2, 1, 2, 9]).is_ok(), "width 1, first 0, one row");
    let huge = [&[2, 1][..], &[0xff; 9], &[1]].concat();
    for nonsense in
        [&[2, 1, 3, 9][..], &[2, 1, 2], &[2, 1, 2, 9, 9], &[2, 1, 2, 0x89, 0], &[1, 1, 2, 9], &[1, 1, 2], &huge]
    {
        assert_eq!(sealed(nonsense), Err(TableError::Damaged), "{nonsense:?}");
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let merge = |pieces: Vec<Table>| Table::merge(pieces, 10).map(|whole| whole.trials());
    assert_eq!(merge(vec![piece(5..10), piece(0..5)]), Ok(0..10));
    assert_eq!(merge(vec![piece(0..4), piece(5..10)]), Err(TableError::Missing { trial: 4 }));
    assert_eq!(merge(vec![piece(0..9)]), Err(TableError::Missing { trial: 9 }));
    assert_eq!(merge(vec![]), Err(TableError::Missing { trial: 0 }));
    assert_eq!(merge(vec![piece(0..6), piece(5..10)]), Err(TableError::Surplus { trial: 5 }));
    assert_eq!(merge(vec![piece(0..5), piece(0..5), piece(5..10)]), Err(TableError::Surplus { trial: 0 }));
    assert_eq!(merge(vec![piece(0..12)]), Err(TableError::Surplus { trial: 10 }));
    assert_eq!(merge(vec![piece(0..5), Table::new([8; 32], 3, 5)]), Err(TableError::OtherStudy));
    assert_eq!(Table::new(STUDY, 2, 0).push(&[1]), Err(TableError::Width { expected: 2, found: 1 }));
}

#[test]
fn columns_become_samples() {
    let column = piece(0..4);
    let cells: Vec<Option<u64>> = column.column(1).collect();
    assert_eq!(cells, [None, Some(1_000_003), Some(2_000_006), None]);
    assert_eq!(Sample::from_integers(column.column(1)).expect("numbers").never(), 2);
    assert_eq!(column.column(9).count(), 0);
}
