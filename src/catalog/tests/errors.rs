//! What is refused, and how well the message says where and why.

use proptest::prelude::*;

use crate::catalog::{Catalog, CatalogError, Table, Tables};

const HEADER: &str =
    "InstanceType,AcceleratorName,AcceleratorCount,vCPUs,MemoryGiB,GpuInfo,Price,SpotPrice,Region,AvailabilityZone\n";
const GOOD: &str = "m6i.large,,,2,8,,0.096,0.04,us-east-1,us-east-1a\n";

fn aws(rows: &str) -> Tables {
    Tables::new().with("aws", format!("{HEADER}{GOOD}{rows}"))
}

fn refused(tables: &Tables) -> CatalogError {
    Catalog::from_tables(tables).map(|_| ()).expect_err("must be refused")
}

#[test]
fn a_cell_that_cannot_be_read_is_named() {
    for (row, column, found) in [
        ("m6i.large,,,2,8,,abc,,us-east-1,us-east-1b", "Price", "found 'abc', expected dollars per hour"),
        ("m6i.large,,,2,8,,-1,,us-east-1,us-east-1b", "Price", "found '-1', expected dollars per hour"),
        ("m6i.large,,,2,8,,1,$3,us-east-1,us-east-1b", "SpotPrice", "found '$3', expected dollars per hour"),
        ("m6i.large,,,2,8,,200000000,,us-east-1,us-east-1b", "Price", "expected less than a hundred million"),
        ("m6i.large,,,two,8,,1,,us-east-1,us-east-1b", "vCPUs", "found 'two', expected a number of vCPUs"),
        ("m6i.large,,,2,8G,,1,,us-east-1,us-east-1b", "MemoryGiB", "found '8G', expected GiB of memory"),
        ("m6i.large,,,2,99999999999,,1,,us-east-1,us-east-1b", "MemoryGiB", "expected vCPUs and GiB of one machine"),
        ("m6i.large,,,2,8,,1,,,us-east-1b", "Region", "the cell is empty, expected a region name"),
        ("m6i.large,,,2,8,,1,,us-east-1,", "AvailabilityZone", "the cell is empty, expected a zone name"),
        (",,,2,8,,1,,us-east-1,us-east-1b", "InstanceType", "the cell is empty, expected an instance type"),
        (",V100,1,2,8,,1,,us-east-1,us-east-1b", "InstanceType", "the cell is empty, expected an instance type"),
        ("p3.2xlarge,V100,,8,61,,1,,us-east-1,us-east-1b", "AcceleratorCount", "the cell is empty, expected a number"),
        ("p3.2xlarge,V100,0,8,61,,1,,us-east-1,us-east-1b", "AcceleratorCount", "found '0', expected a number"),
        ("p3.2xlarge,V100,many,8,61,,1,,us-east-1,us-east-1b", "AcceleratorCount", "found 'many', expected a number"),
    ] {
        let error = refused(&aws(&format!("{row}\n")));
        assert_eq!(
            (error.file.as_str(), error.line, error.column.as_deref()),
            ("aws.csv", Some(3), Some(column)),
            "{row}"
        );
        assert!(error.problem.contains(found), "{row}: {error}");
        assert!(!error.hint.is_empty());
        let shown = error.to_string();
        assert!(shown.starts_with(&format!("aws.csv:3: {column}: ")) && shown.contains("\n  hint: "), "{shown}");
    }
}

#[test]
fn a_line_that_is_no_row_is_named() {
    let error = refused(&aws("m6i.large,,,2,8,,0.096\n"));
    assert_eq!((error.line, error.problem.as_str()), (Some(3), "found 7 cells, expected 10 as in the header"));
    let mut text = format!("{HEADER}{GOOD}").into_bytes();
    text.extend(b"m6i\xff,,,2,8,,1,,us-east-1,us-east-1a\n");
    let error = refused(&Tables::new().with("aws", text));
    assert_eq!((error.line, error.column.as_deref()), (Some(3), Some("InstanceType")));
    assert!(error.hint.contains("UTF-8"), "{error}");
}

#[test]
fn a_missing_column_is_named_with_those_found() {
    let error = refused(&Tables::new().with("gcp", HEADER.replace("SpotPrice", "Spot")));
    assert_eq!((error.file.as_str(), error.line), ("gcp.csv", Some(1)));
    assert!(error.problem.starts_with("the column 'SpotPrice' is missing, found InstanceType, "), "{error}");
    let error = refused(&Tables::new().with("aws", ""));
    assert_eq!((error.file.as_str(), error.line), ("aws.csv", Some(1)), "an empty file has no header");
}

#[test]
fn side_tables_are_checked_too() {
    let egress = "SrcCloud,SrcRegion,DstCloud,DstRegion,PricePerGB,ThroughputGbps\n";
    let rates = "Cloud,InstanceType,Region,InterruptionRateLow,InterruptionRateHigh\n";
    let quotas = "Cloud,Scope,Quota,QuotaCode,Unit,Default,Families,Evidence\n";
    for (role, text, column) in [
        ("egress", format!("{egress}aws,us-east-1,ibm,x,0.1,\n"), "DstCloud"),
        ("egress", format!("{egress}aws,us-east-1,aws,,0.1,\n"), "DstRegion"),
        ("egress", format!("{egress}aws,us-east-1,aws,us-east-1,,\n"), "PricePerGB"),
        ("egress", format!("{egress}aws,us-east-1,aws,us-east-1,0.1,fast\n"), "ThroughputGbps"),
        ("spot_interruption", format!("{rates}aws,m6i.large,us-east-1,5,20\n"), "InterruptionRateLow"),
        ("spot_interruption", format!("{rates}aws,m6i.large,us-east-1,0.05,\n"), "InterruptionRateHigh"),
        ("spot_interruption", format!("{rates}oci,m6i.large,us-east-1,0,1\n"), "Cloud"),
        ("default_quotas", format!("{quotas}aws,region,P,,vCPU,lots,p,none\n"), "Default"),
        ("default_quotas", format!("{quotas}aws,region,P,,vCPU,,p,none\n"), "Default"),
    ] {
        let error = refused(&aws("").with(role, text.clone()));
        let found = (error.file, error.line, error.column);
        assert_eq!(found, (format!("{role}.csv"), Some(2), Some(column.to_owned())), "{text}");
    }
}

#[test]
fn nothing_to_read_is_an_error() {
    let error = refused(&Tables::new().with("egress", ""));
    assert!(error.problem.contains("found egress.csv, expected aws.csv, gcp.csv or azure.csv"), "{error}");
    let dir = tempfile::tempdir().expect("a folder for the test");
    let error = Catalog::from_dir(dir.path()).expect_err("empty");
    assert!(error.problem.contains("found nothing"), "{error}");
    let error = Catalog::from_dir(&dir.path().join("missing")).expect_err("not there");
    assert!(error.file.ends_with("missing") && error.problem == "there is no such folder", "{error}");
    std::fs::create_dir(dir.path().join("aws.csv")).expect("a folder for the test");
    let error = Catalog::from_dir(dir.path()).expect_err("a folder is no file");
    assert!(error.file.ends_with("aws.csv") && error.problem.starts_with("cannot be read"), "{error}");
}

#[test]
fn the_path_of_the_file_is_shown() {
    let mut tables = Tables::new();
    tables
        .insert("aws", Table { name: "my/aws/vms.csv".to_owned(), text: format!("{HEADER}x,,,1,1,,?,,r,z\n").into() });
    assert!(refused(&tables).to_string().starts_with("my/aws/vms.csv:2: Price: found '?'"));
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_tolerated() {
    let text = format!("\u{feff}{HEADER}{GOOD}").replace('\n', "\r\n");
    let windows = Catalog::from_tables(&Tables::new().with("aws", text)).expect("the same table");
    let plain = Catalog::from_tables(&aws("")).expect("a good table");
    assert!(windows.columns.row_price == plain.columns.row_price && windows.columns.zones == plain.columns.zones);
}

/// Cells that a table might have in place of what it should.
fn cell() -> impl Strategy<Value = String> {
    let odd = [
        "",
        "0",
        "-1",
        "1e-5",
        "1e300",
        "999999999999",
        "NaN",
        "\u{0}",
        "V100",
        "tpu-v2-8",
        "n1-standard-8",
        "a2-highgpu-1g",
    ];
    prop_oneof![prop::sample::select(odd.to_vec()).prop_map(str::to_owned), "[ -~]{0,6}", "[0-9]{1,20}(\\.[0-9]{1,9})?"]
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(cloud in prop::sample::select(vec!["aws", "azure", "gcp"]), cells in prop::collection::vec(cell(), 0..60)) {
        let rows: String = cells.chunks(10).map(|row| row.join(",") + "\n").collect();
        if let Ok(catalog) = Catalog::from_tables(&Tables::new().with(cloud, format!("{HEADER}{rows}"))) {
            prop_assert_eq!(catalog.types().map(|kind| catalog.rows_of(kind).len()).sum::<usize>(), catalog.row_count() as usize);
            let _ = (catalog.lint(), catalog.info());
        }
    }

    #[test]
    fn no_bytes_make_it_panic(text in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut table = HEADER.as_bytes().to_vec();
        table.extend(&text);
        let _ = Catalog::from_tables(&Tables::new().with("gcp", table));
        prop_assert!(Catalog::from_tables(&Tables::new().with("aws", text)).is_err());
    }
}
