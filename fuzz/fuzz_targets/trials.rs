//! Any bytes as a file of trials: as they are, and with the seals that a file needs to be read beyond its first line. What
//! reads to its end is written back to the same bytes. Run with `cargo fuzz run trials -- -malloc_limit_mb=8`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sha2::{Digest, Sha256};
use sky::study::{ArchiveError, Head, Reader, Writer};

fuzz_target!(|bytes: &[u8]| {
    round(bytes);
    if let Some(file) = sealed(bytes) {
        round(&file);
    }
});

/// Reads a file row by row, and writes what was read.
fn round(file: &[u8]) {
    let Ok(mut reader) = Reader::new(file) else { return };
    let mut writer = Writer::new(Vec::new(), reader.head()).expect("memory");
    let mut row = Vec::new();
    let end = loop {
        let next = reader.next(&mut row);
        // A cell is a byte or more of the file, whatever width its head speaks of; a vector doubles when it grows.
        assert!(row.capacity() <= 4 + 2 * file.len(), "{} cells for {} bytes", row.capacity(), file.len());
        match next {
            Ok(true) => writer.row(&row).expect("a row of the width that the head says"),
            Ok(false) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    match end {
        Ok(()) => assert_eq!(writer.finish().expect("as many rows as the head says"), file),
        // Bytes in memory can always be read.
        Err(error) => assert_eq!(error, ArchiveError::Damaged),
    }
}

/// The first line as a header and the rest as numbers, with magic and hashes: luck alone finds no hash.
fn sealed(bytes: &[u8]) -> Option<Vec<u8>> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let header = str::from_utf8(&bytes[..end]).ok()?.to_owned();
    let nothing = Writer::new(Vec::new(), &Head { header, width: 0, trials: 0..0 }).ok()?.finish().ok()?;
    // What it ends with: three numbers of one byte each, and the hash.
    let mut file = nothing[..nothing.len() - 3 - 32].to_vec();
    file.extend_from_slice(&bytes[end + 1..]);
    let hash = Sha256::digest(&file[end + 1..]);
    file.extend_from_slice(&hash);
    Some(file)
}
