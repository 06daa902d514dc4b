//! Which piece follows which.

use super::file::{ArchiveError, Head};

/// The positions of the pieces of a study of `trials` trials, in the order of their trials; pieces without any are left
/// out. An error unless they hold every trial once.
pub fn in_order(pieces: &[Head], trials: u64) -> Result<Vec<usize>, ArchiveError> {
    let mut order: Vec<usize> = (0..pieces.len()).filter(|at| !pieces[*at].trials.is_empty()).collect();
    order.sort_by_key(|at| (pieces[*at].trials.start, pieces[*at].trials.end));
    let same = |piece: &Head| (&piece.header, piece.width) == (&pieces[0].header, pieces[0].width);
    if !pieces.iter().all(same) {
        return Err(ArchiveError::OtherStudy);
    }
    let mut next = 0;
    for of in order.iter().map(|at| &pieces[*at].trials) {
        if of.start > next {
            return Err(ArchiveError::Missing { trial: next });
        }
        if of.start < next || of.end > trials {
            return Err(ArchiveError::Surplus { trial: if of.start < next { of.start } else { trials.max(next) } });
        }
        next = of.end;
    }
    if next < trials { Err(ArchiveError::Missing { trial: next }) } else { Ok(order) }
}
