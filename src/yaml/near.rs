//! "Did you mean": the nearest of the names that would have been right.

/// Names at most this many edits away per three characters are near.
const CHARACTERS_PER_EDIT: usize = 3;

/// Up to three of `known` that look like `found`, nearest first, equally near ones in the order given.
/// Letter case does not count.
pub fn nearest<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let lower = found.to_lowercase();
    if lower.chars().count() > 64 {
        return Vec::new();
    }
    let mut near: Vec<(usize, &str)> =
        known.into_iter().filter_map(|name| distance(&lower, name).map(|d| (d, name))).collect();
    near.sort_by_key(|(distance, _)| *distance);
    near.dedup_by_key(|(_, name)| *name);
    // One clear misspelling needs no far-fetched company, and what only looks different needs none at all.
    let limit = near.first().map_or(0, |(best, _)| if *best == 0 { 0 } else { best + 1 });
    near.retain(|(distance, _)| *distance <= limit);
    near.into_iter().take(3).map(|(_, name)| name).collect()
}

/// `did you mean 'a', 'b' or 'c'?`, or nothing if nothing is near.
pub fn did_you_mean<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let names: Vec<String> = nearest(found, known).iter().map(|n| format!("'{n}'")).collect();
    let (last, rest) = names.split_last()?;
    if rest.is_empty() {
        return Some(format!("did you mean {last}?"));
    }
    Some(format!("did you mean {} or {last}?", rest.join(", ")))
}

/// Edits between the two, if few enough for their length; letters that look like others cost nothing. A name that the
/// text abbreviates is near too.
fn distance(found: &str, name: &str) -> Option<usize> {
    let name = name.to_lowercase();
    let longest = found.chars().count().max(name.chars().count());
    let edits = strsim::osa_distance(&by_looks(found), &by_looks(&name));
    let allowed = (longest / CHARACTERS_PER_EDIT).max(1);
    if edits <= allowed {
        return Some(edits);
    }
    // `acc` for `accelerators`, `A100-80` for `A100-80GB`: ranked after every small misspelling.
    let abbreviates = found.chars().count() >= 3 && name.starts_with(found);
    abbreviates.then(|| allowed + edits)
}

/// A name in lower case as a hurried eye sees it: `A1OO` is read, and typed, for `A100`.
fn by_looks(name: &str) -> String {
    let look = |c| match c {
        'o' => '0',
        'l' | 'i' => '1',
        '_' => '-',
        _ => c,
    };
    name.chars().map(look).collect()
}
