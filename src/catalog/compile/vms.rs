//! Reads one cloud's table of instance types.
//!
//! **Invariant:** every data row ends up in `rows`, or is an error. Columns are found by name, in any order; others
//! are not looked at.

use std::collections::HashMap;

use csv::ByteRecord;

use super::error::CatalogError;
use super::gpu_info;
use super::intern::Interner;
use super::number::micros;
use super::tables::{Table, Tables};
use super::{CLOUDS, NO_PRICE};

/// One cloud's table as read; all ids are its own.
pub(super) struct VmTable {
    pub(super) cloud: u16,
    pub(super) file: String,
    /// Data rows in the file.
    pub(super) read: u32,
    pub(super) names: Interner,
    pub(super) accelerators: Interner,
    /// Memory in MiB and maker, by accelerator.
    pub(super) devices: Vec<(u32, String)>,
    pub(super) regions: Interner,
    /// Zones by name; a name used in a second region again, with the region after a NUL.
    pub(super) zones: Interner,
    pub(super) zone_region: Vec<u32>,
    pub(super) types: Vec<RawType>,
    pub(super) rows: Vec<RawRow>,
    pub(super) notes: Vec<String>,
}

/// How an instance type comes by its accelerator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Built in, or none.
    Machine,
    /// Attached to a machine that is also sold without.
    Attached,
    /// A TPU slice, which stands for its own machines.
    Slice,
}

/// An instance type with its accelerators.
#[derive(Debug, Clone, Copy)]
pub(super) struct RawType {
    pub(super) name: u32,
    pub(super) accelerator: Option<u32>,
    pub(super) count_milli: u32,
    pub(super) vcpus_milli: u32,
    pub(super) memory_mib: u32,
    pub(super) kind: Kind,
}

/// An instance type in a zone.
#[derive(Debug, Clone, Copy)]
pub(super) struct RawRow {
    pub(super) kind: u32,
    pub(super) region: u32,
    /// `u32::MAX` on a cloud without zones.
    pub(super) zone: u32,
    pub(super) price: i64,
    pub(super) spot: i64,
    pub(super) line: u32,
}

/// Prices stay below this, in micro-dollars per hour: a hundred million dollars. Units are ordered by prices of 48 bits.
const PRICE_LIMIT: i64 = 100_000_000_000_000;

/// Reads the table of `cloud`; empty if there is none.
pub(super) fn read(tables: &Tables, cloud: &str) -> Result<VmTable, CatalogError> {
    let cloud_id = CLOUDS.iter().position(|name| *name == cloud).unwrap_or(0);
    let mut out = VmTable::new(cloud_id as u16, &format!("{cloud}.csv"));
    let Some(table) = tables.get(cloud) else { return Ok(out) };
    out.file.clone_from(&table.name);
    let mut lines = Lines::open(table)?;
    let cells = Cells::find(&lines, cloud)?;
    out.rows.reserve(table.text.len() / 60);
    let mut types = TypeIndex::default();
    while lines.next()? {
        out.row(&lines, &cells, &mut types)?;
    }
    Ok(out)
}

/// The lines of one CSV file, and what to call them in errors.
pub(super) struct Lines<'a> {
    pub(super) file: &'a str,
    header: Vec<String>,
    reader: csv::Reader<&'a [u8]>,
    record: ByteRecord,
}

impl<'a> Lines<'a> {
    /// Reads the header.
    pub(super) fn open(table: &'a Table) -> Result<Self, CatalogError> {
        let text = table.text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&table.text);
        let mut reader = csv::ReaderBuilder::new().from_reader(text);
        let header = reader.byte_headers().map_err(|error| malformed(&table.name, &error))?;
        let header = header.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
        Ok(Self { file: &table.name, header, reader, record: ByteRecord::new() })
    }

    /// The position of a column that must be there.
    pub(super) fn column(&self, name: &'static str) -> Result<Cell, CatalogError> {
        self.optional(name).ok_or_else(|| {
            let problem = format!("the column '{name}' is missing, found {}", self.header.join(", "));
            CatalogError::line(self.file, 1, problem, format!("add the column '{name}' to the header and to every row"))
        })
    }

    /// The position of a column that may be missing.
    pub(super) fn optional(&self, name: &'static str) -> Option<Cell> {
        let at = self.header.iter().position(|column| column == name)?;
        Some(Cell { name, at })
    }

    /// Goes to the next line; false at the end.
    pub(super) fn next(&mut self) -> Result<bool, CatalogError> {
        self.reader.read_byte_record(&mut self.record).map_err(|error| malformed(self.file, &error))
    }

    /// The line's number.
    pub(super) fn number(&self) -> u64 {
        self.record.position().map_or(0, csv::Position::line)
    }

    /// A cell of this line.
    pub(super) fn get(&self, cell: Cell) -> &[u8] {
        self.record.get(cell.at).unwrap_or(b"")
    }

    /// An error about a cell of this line.
    pub(super) fn wrong(&self, cell: Cell, expected: &str, hint: &str) -> CatalogError {
        CatalogError::cell(self.file, self.number(), cell.name, self.get(cell), expected, hint)
    }

    /// A cell as text that must not be empty.
    pub(super) fn text(&self, cell: Cell, expected: &str) -> Result<&str, CatalogError> {
        match std::str::from_utf8(self.get(cell)) {
            Ok(text) if !text.is_empty() => Ok(text),
            Ok(_) => Err(self.wrong(cell, expected, "fill the cell or remove the row")),
            Err(_) => Err(self.wrong(cell, expected, "save the file as UTF-8")),
        }
    }

    /// A cell as a number in millionths; `None` if empty.
    pub(super) fn micros(&self, cell: Cell, expected: &str) -> Result<Option<i64>, CatalogError> {
        let text = self.get(cell);
        if text.is_empty() {
            return Ok(None);
        }
        let value = micros(text).ok_or_else(|| {
            self.wrong(
                cell,
                expected,
                "write a plain non-negative number: a point for decimals, no separators, no unit",
            )
        })?;
        Ok(Some(value))
    }
}

/// A column: its name and where it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell {
    pub(super) name: &'static str,
    at: usize,
}

fn malformed(file: &str, error: &csv::Error) -> CatalogError {
    let line = error.position().map(csv::Position::line);
    let problem = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("found {len} cells, expected {expected_len} as in the header")
        }
        _ => format!("not readable as CSV: {error}"),
    };
    let hint = "put cells that contain a comma in double quotes, and give every row the header's number of cells";
    CatalogError { line, ..CatalogError::file(file, problem, hint) }
}

struct Cells {
    name: Cell,
    accelerator: Cell,
    count: Cell,
    vcpus: Cell,
    memory: Cell,
    device: Option<Cell>,
    price: Cell,
    spot: Cell,
    region: Cell,
    /// `None` for the cloud without zones, whatever its table says.
    zone: Option<Cell>,
}

impl Cells {
    fn find(lines: &Lines<'_>, cloud: &str) -> Result<Self, CatalogError> {
        Ok(Self {
            name: lines.column("InstanceType")?,
            accelerator: lines.column("AcceleratorName")?,
            count: lines.column("AcceleratorCount")?,
            vcpus: lines.column("vCPUs")?,
            memory: lines.column("MemoryGiB")?,
            device: lines.optional("GpuInfo"),
            price: lines.column("Price")?,
            spot: lines.column("SpotPrice")?,
            region: lines.column("Region")?,
            zone: if cloud == "azure" { None } else { Some(lines.column("AvailabilityZone")?) },
        })
    }
}

/// Name, accelerator and count.
type TypeKey = (u32, Option<u32>, u32);

/// Finds the type of a row: that of the row before, mostly.
#[derive(Default)]
struct TypeIndex {
    ids: HashMap<TypeKey, u32>,
    last: Option<(TypeKey, u32)>,
}

impl VmTable {
    fn new(cloud: u16, file: &str) -> Self {
        Self {
            cloud,
            file: file.to_owned(),
            read: 0,
            names: Interner::default(),
            accelerators: Interner::default(),
            devices: Vec::new(),
            regions: Interner::default(),
            zones: Interner::default(),
            zone_region: Vec::new(),
            types: Vec::new(),
            rows: Vec::new(),
            notes: Vec::new(),
        }
    }

    fn row(&mut self, lines: &Lines<'_>, cells: &Cells, types: &mut TypeIndex) -> Result<(), CatalogError> {
        let kind = self.kind(lines, cells, types)?;
        let region = lines.text(cells.region, "a region name")?;
        let region = self.regions.intern(region.as_bytes()).unwrap_or(0);
        let zone = match cells.zone {
            Some(cell) => self.zone(lines, cell, region)?,
            None => u32::MAX,
        };
        let dollars = "dollars per hour such as 0.526, or nothing";
        let price = lines.micros(cells.price, dollars)?.unwrap_or(NO_PRICE);
        let spot = lines.micros(cells.spot, dollars)?.unwrap_or(NO_PRICE);
        for (cell, value) in [(cells.price, price), (cells.spot, spot)] {
            if value != NO_PRICE && value >= PRICE_LIMIT {
                return Err(lines.wrong(cell, "less than a hundred million dollars per hour", "check the unit"));
            }
        }
        self.rows.push(RawRow { kind, region, zone, price, spot, line: lines.number() as u32 });
        self.read += 1;
        Ok(())
    }

    fn kind(&mut self, lines: &Lines<'_>, cells: &Cells, types: &mut TypeIndex) -> Result<u32, CatalogError> {
        let name = lines.get(cells.name);
        let accelerator = lines.get(cells.accelerator);
        if name.is_empty() && (accelerator.is_empty() || CLOUDS[self.cloud as usize] != "gcp") {
            return Err(lines.wrong(
                cells.name,
                "an instance type",
                "only rows of GCP accelerators may leave it empty",
            ));
        }
        let name =
            self.names.intern(name).ok_or_else(|| lines.wrong(cells.name, "a name", "save the file as UTF-8"))?;
        let (accelerator, count) = self.accelerator(lines, cells)?;
        let vcpus = lines.micros(cells.vcpus, "a number of vCPUs, or nothing")?.unwrap_or(0) / 1000;
        let memory = lines.micros(cells.memory, "GiB of memory, or nothing")?.unwrap_or(0);
        let memory = (i128::from(memory) * 1024 + 500_000) / 1_000_000;
        let (Ok(vcpus_milli), Ok(memory_mib)) = (u32::try_from(vcpus), u32::try_from(memory)) else {
            return Err(lines.wrong(cells.memory, "vCPUs and GiB of one machine", "check the units of this row"));
        };
        let key = (name, accelerator, count);
        let id = types.find(key).unwrap_or_else(|| {
            let id = self.types.len() as u32;
            let kind = Kind::Machine;
            self.types.push(RawType { name, accelerator, count_milli: count, vcpus_milli, memory_mib, kind });
            types.add(key, id);
            id
        });
        let known = &self.types[id as usize];
        if known.vcpus_milli != vcpus_milli || known.memory_mib != memory_mib {
            let text = format!(
                "{}:{}: {} has other vCPUs or memory than above; the first are used",
                self.file,
                lines.number(),
                self.names.name(name)
            );
            self.notes.push(text);
        }
        Ok(id)
    }

    /// The accelerator and its count in thousandths. A count without a name (an FPGA, say) is no accelerator.
    fn accelerator(&mut self, lines: &Lines<'_>, cells: &Cells) -> Result<(Option<u32>, u32), CatalogError> {
        let name = lines.get(cells.accelerator);
        if name.is_empty() {
            return Ok((None, 0));
        }
        let expected = "a number of accelerators such as 8 or 0.5";
        let count = lines.micros(cells.count, expected)?.unwrap_or(0);
        let Some(count) = u32::try_from((count + 500) / 1000).ok().filter(|count| *count > 0) else {
            return Err(lines.wrong(cells.count, expected, "a row with an accelerator needs its count"));
        };
        let Some(id) = self.accelerators.intern(name) else {
            return Err(lines.wrong(cells.accelerator, "a name", "save the file as UTF-8"));
        };
        let info = cells.device.map_or(&b""[..], |cell| lines.get(cell));
        if id as usize == self.devices.len() {
            let (memory, maker) = gpu_info::parse(self.accelerators.name(id), info);
            self.devices.push((memory, maker.to_owned()));
        } else {
            self.device(id, info);
        }
        Ok((Some(id), count))
    }

    /// Keeps the least memory that a table names, so that what is promised holds on every machine.
    fn device(&mut self, id: u32, info: &[u8]) {
        let (memory, _) = gpu_info::parse("", info);
        let known = &mut self.devices[id as usize].0;
        if memory > 0 && (*known == 0 || memory < *known) {
            *known = memory;
        }
    }

    fn zone(&mut self, lines: &Lines<'_>, cell: Cell, region: u32) -> Result<u32, CatalogError> {
        let name = lines.text(cell, "a zone name")?;
        let id = self.zones.intern(name.as_bytes()).unwrap_or(0);
        if id as usize == self.zone_region.len() {
            self.zone_region.push(region);
        }
        if self.zone_region[id as usize] == region {
            return Ok(id);
        }
        // Kept apart, so that every zone has one region; `lint` reports the name.
        let again = format!("{name}\0{}", self.regions.name(region));
        let id = self.zones.intern(again.as_bytes()).unwrap_or(0);
        if id as usize == self.zone_region.len() {
            self.zone_region.push(region);
        }
        Ok(id)
    }
}

impl TypeIndex {
    fn find(&mut self, key: TypeKey) -> Option<u32> {
        if let Some((last, id)) = self.last
            && last == key
        {
            return Some(id);
        }
        let id = *self.ids.get(&key)?;
        self.last = Some((key, id));
        Some(id)
    }

    fn add(&mut self, key: TypeKey, id: u32) {
        self.ids.insert(key, id);
        self.last = Some((key, id));
    }
}
