//! What a catalog that others host lacks for our purposes.
//!
//! **Invariant:** text in, text out; a table that needs nothing is left as it is.

use std::collections::{BTreeMap, BTreeSet};

use super::CatalogError;

/// The side tables that are shipped, by role: hosted catalogs hold prices of machines only.
pub const SIDE_TABLES: [(&str, &str); 3] = [
    ("egress", include_str!("../../catalogs/egress.csv")),
    ("spot_interruption", include_str!("../../catalogs/spot_interruption.csv")),
    ("default_quotas", include_str!("../../catalogs/default_quotas.csv")),
];

/// Gives the zones of an AWS table that names them by id (`use1-az1`) the names that calls take (`us-east-1a`); `None` if
/// it has names. Which name an id has differs between accounts, so they are given in order: the first id of a region
/// gets its first name. Every zone is then tried, though a zone's own spot price may be its neighbour's. `names` are the
/// known ones of a region; one that is not known gets letters.
///
/// # Errors
/// A line that is no CSV.
pub fn with_zone_names(
    name: &str,
    text: &[u8],
    names: impl Fn(&str) -> Vec<String>,
) -> Result<Option<Vec<u8>>, CatalogError> {
    let broken = |error: csv::Error| {
        let line = error.position().map_or(0, csv::Position::line);
        CatalogError::line(name, line, error.to_string(), "see that the whole file was received")
    };
    let mut reader = csv::Reader::from_reader(text);
    let head = reader.headers().map_err(broken)?.clone();
    let column = |name: &str| head.iter().position(|title| title == name);
    let (Some(zone), Some(region)) = (column("AvailabilityZone"), column("Region")) else { return Ok(None) };
    let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().map_err(broken)?;
    let mut ids: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for row in rows.iter().filter(|row| is_zone_id(&row[zone])) {
        ids.entry(&row[region]).or_default().insert(&row[zone]);
    }
    if ids.is_empty() {
        return Ok(None);
    }
    let mut named: BTreeMap<&str, String> = BTreeMap::new();
    for (region, ids) in ids {
        let known = names(region);
        for (at, id) in ids.into_iter().enumerate() {
            let letter = || char::from_u32('a' as u32 + at as u32).unwrap_or('z');
            let name = if known.is_empty() { Some(format!("{region}{}", letter())) } else { known.get(at).cloned() };
            named.extend(name.map(|name| (id, name)));
        }
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&head).map_err(broken)?;
    for row in &rows {
        let name = if is_zone_id(&row[zone]) { named.get(&row[zone]).map(String::as_str) } else { Some(&row[zone]) };
        // More zones than the account has names for.
        let Some(name) = name else { continue };
        writer
            .write_record(row.iter().enumerate().map(|(c, cell)| if c == zone { name } else { cell }))
            .map_err(broken)?;
    }
    writer.into_inner().map(Some).map_err(|error| CatalogError::file(name, error.to_string(), ""))
}

/// `use1-az1`, as against `us-east-1a`.
fn is_zone_id(zone: &str) -> bool {
    zone.rsplit_once("-az").is_some_and(|(_, number)| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "InstanceType,Price,SpotPrice,Region,AvailabilityZone\n";

    fn named(rows: &str) -> Option<String> {
        let names = |region: &str| match region {
            "r1" => vec!["r1a".to_owned(), "r1c".to_owned()],
            _ => Vec::new(),
        };
        let text = with_zone_names("aws.csv", format!("{HEAD}{rows}").as_bytes(), names).expect("CSV");
        text.map(|text| String::from_utf8(text).expect("UTF-8"))
    }

    #[test]
    fn ids_of_zones_get_names_in_order() {
        let rows =
            "b,1,0.3,r1,rr1-az4\na,2,0.5,r1,rr1-az1\na,2,0.4,r1,rr1-az4\na,2,0.4,r1,rr1-az9\na,2,0.6,r2,rr2-az3\n";
        let expected = "b,1,0.3,r1,r1c\na,2,0.5,r1,r1a\na,2,0.4,r1,r1c\na,2,0.6,r2,r2a\n";
        assert_eq!(named(rows), Some(format!("{HEAD}{expected}")));
    }

    #[test]
    fn names_of_zones_stay() {
        assert_eq!(named("a,2,0.5,us-east-1,us-east-1a\na,2,0.4,us-east-1,us-east-1b\n"), None);
        assert!(with_zone_names("aws.csv", format!("{HEAD}a,b\n").as_bytes(), |_| Vec::new()).is_err());
    }
}
