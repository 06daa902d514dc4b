//! The columns of a catalog, and their binary form: a header, a table of sections, the sections.
//!
//! **Invariant:** reading copies nothing and looks at no section's content except names, which are checked to be
//! UTF-8 once so that they can be cut without checks later. Little-endian, sections on 8-byte boundaries.

use std::borrow::Cow;

/// Names of one kind, by id: one text, and where each name ends in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Names {
    text: Cow<'static, str>,
    ends: Cow<'static, [u32]>,
}

impl Names {
    /// The name with this id; empty if there is none.
    pub(crate) fn get(&self, id: usize) -> &str {
        let Some(&end) = self.ends.get(id) else { return "" };
        let start = if id == 0 { 0 } else { self.ends[id - 1] };
        self.text.get(start as usize..end as usize).unwrap_or("")
    }

    /// How many.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// All, by id.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.len()).map(|id| self.get(id))
    }

    /// The place of `name` among `range`, whose names are sorted by their bytes.
    pub(crate) fn search(&self, range: std::ops::Range<usize>, name: &str) -> Option<usize> {
        let (mut low, mut high) = (range.start, range.end);
        while low < high {
            let middle = low.midpoint(high);
            match self.get(middle).cmp(name) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return Some(middle),
            }
        }
        None
    }
}

impl<S: AsRef<str>> FromIterator<S> for Names {
    fn from_iter<I: IntoIterator<Item = S>>(names: I) -> Self {
        let mut text = String::new();
        let ends: Vec<u32> = names
            .into_iter()
            .map(|name| {
                text.push_str(name.as_ref());
                text.len() as u32
            })
            .collect();
        Self { text: text.into(), ends: ends.into() }
    }
}

impl<S: AsRef<str>> From<Vec<S>> for Names {
    fn from(names: Vec<S>) -> Self {
        names.into_iter().collect()
    }
}

/// What a column can be: written as one section or two, and viewed without copying.
trait Section: Sized {
    fn write(&self, out: &mut Writer);
    fn read(input: &mut Reader) -> Option<Self>;
}

macro_rules! plain_section {
    ($($item:ty),*) => {$(
        impl Section for Cow<'static, [$item]> {
            fn write(&self, out: &mut Writer) {
                out.section(bytemuck::cast_slice(self));
            }
            fn read(input: &mut Reader) -> Option<Self> {
                bytemuck::try_cast_slice(input.section()?).ok().map(Cow::Borrowed)
            }
        }
    )*};
}

plain_section!(u16, u32, i64);

impl Section for Names {
    fn write(&self, out: &mut Writer) {
        out.section(self.text.as_bytes());
        self.ends.write(out);
    }

    fn read(input: &mut Reader) -> Option<Self> {
        let text = std::str::from_utf8(input.section()?).ok()?;
        Some(Self { text: Cow::Borrowed(text), ends: Section::read(input)? })
    }
}

impl Section for UnitList {
    fn write(&self, out: &mut Writer) {
        self.starts.write(out);
        self.rows.write(out);
        self.types.write(out);
        self.regions.write(out);
        self.zones.write(out);
        self.prices.write(out);
    }

    fn read(input: &mut Reader) -> Option<Self> {
        Some(Self {
            starts: Section::read(input)?,
            rows: Section::read(input)?,
            types: Section::read(input)?,
            regions: Section::read(input)?,
            zones: Section::read(input)?,
            prices: Section::read(input)?,
        })
    }
}

/// Attempt units of one kind, bucket after bucket, by price within each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct UnitList {
    /// Where each bucket starts; one more at the end.
    pub(crate) starts: Cow<'static, [u32]>,
    /// The unit's first row, which names it.
    pub(crate) rows: Cow<'static, [u32]>,
    /// Its instance type.
    pub(crate) types: Cow<'static, [u16]>,
    /// Its region.
    pub(crate) regions: Cow<'static, [u16]>,
    /// Its zone; `NONE` where the cloud has none or the unit covers the zones of a region.
    pub(crate) zones: Cow<'static, [u16]>,
    /// Its price in micro-dollars per hour.
    pub(crate) prices: Cow<'static, [i64]>,
}

macro_rules! columns {
    ($($(#[$doc:meta])* $name:ident: $kind:ty,)*) => {
        /// Everything a catalog holds.
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub(crate) struct Columns {
            $($(#[$doc])* pub(crate) $name: $kind,)*
        }

        impl Columns {
            /// The binary form.
            #[allow(dead_code, reason = "the library reads it, the build script writes it")]
            pub(crate) fn to_bytes(&self) -> Vec<u8> {
                let mut out = Writer::default();
                $(self.$name.write(&mut out);)*
                out.finish()
            }

            /// Views the binary form as columns; `None` if it is not one that this version wrote.
            #[allow(dead_code, reason = "the library reads it, the build script writes it")]
            pub(crate) fn from_bytes(bytes: &'static [u8]) -> Option<Self> {
                let mut input = Reader::open(bytes)?;
                Some(Self { $($name: Section::read(&mut input)?,)* })
            }
        }
    };
}

type U16s = Cow<'static, [u16]>;
type U32s = Cow<'static, [u32]>;
type I64s = Cow<'static, [i64]>;

columns! {
    /// One name: SHA-256 of the source, hexadecimal.
    hash: Names,
    /// Regions, by cloud and name.
    regions: Names,
    /// The cloud of each region.
    region_cloud: U16s,
    /// Zones, by region and name.
    zones: Names,
    /// The region of each zone.
    zone_region: U16s,
    /// Zone ids, by name.
    zones_by_name: U16s,
    /// Accelerator models, by name.
    accelerators: Names,
    /// Memory of one device in MiB; the least where tables differ; 0 if unknown.
    accelerator_memory: U32s,
    /// Who makes it; empty if unknown.
    accelerator_makers: Names,
    /// Quota families, by cloud and name.
    families: Names,
    /// The cloud of each family.
    family_cloud: U16s,
    /// Instance types, by cloud, name, accelerator and count.
    types: Names,
    /// Where each cloud's types start; one more at the end.
    cloud_types: U32s,
    /// vCPUs, in thousandths; 0 if unknown.
    type_vcpus: U32s,
    /// Memory in MiB; 0 if unknown.
    type_memory: U32s,
    /// The accelerator, or `NONE`.
    type_accelerator: U16s,
    /// Accelerators of one machine, in thousandths.
    type_count: U32s,
    /// The count as users and tables call it, in thousandths.
    type_presented: U32s,
    /// The quota family.
    type_family: U16s,
    /// The bucket.
    type_bucket: U16s,
    /// A set of `family::FLAG_*`.
    type_flags: U16s,
    /// Where each type's rows start; one more at the end.
    type_rows: U32s,
    /// The row of each type that is cheapest on demand, the first of equals; `NO_ROW` if none is sold so.
    type_cheapest: U32s,
    /// The same of spot prices.
    type_cheapest_spot: U32s,
    /// The accelerator of each bucket, or `NONE`.
    bucket_accelerator: U16s,
    /// The true count of each bucket, in thousandths.
    bucket_count: U32s,
    /// The presented count of each bucket, in thousandths.
    bucket_presented: U32s,
    /// Where each bucket's types start in `bucket_types`; one more at the end.
    bucket_starts: U32s,
    /// Types, by bucket.
    bucket_types: U16s,
    /// Rows: by type, region, on-demand price and zone. The type.
    row_type: U16s,
    /// The region.
    row_region: U16s,
    /// The zone, or `NONE`.
    row_zone: U16s,
    /// On-demand price in micro-dollars per hour, or `NO_PRICE`.
    row_price: I64s,
    /// Spot price in micro-dollars per hour, or `NO_PRICE`.
    row_spot: I64s,
    /// On-demand units that cover what one attempt can.
    wide: UnitList,
    /// On-demand units of one zone.
    zonal: UnitList,
    /// Spot units of one zone.
    spot: UnitList,
    /// Price of moving data, in micro-dollars per GB, source region by destination region; `u32::MAX` if unknown.
    egress_price: U32s,
    /// Measured throughput in thousandths of Gbit/s, likewise.
    egress_throughput: U32s,
    /// Types and regions whose interruption rates are known: type in the upper, region in the lower 16 bits.
    interruption_key: U32s,
    /// Lower end of the monthly rate, in millionths.
    interruption_low: U32s,
    /// Upper end of the monthly rate, in millionths.
    interruption_high: U32s,
    /// Default quotas, `QUOTA_FIELDS` names each.
    quotas: Names,
    /// Where the data comes from, `SOURCE_FIELDS` names each.
    sources: Names,
    /// Data rows in each cloud's table.
    rows_read: U32s,
    /// Data rows in each of `extras::SIDE_TABLES`, and how many of them were left out, in turns.
    side_rows: U32s,
    /// What was noted while reading, one sentence each.
    notes: Names,
}

const MAGIC: u64 = u64::from_le_bytes(*b"skycat\x00\x01");

#[derive(Default)]
struct Writer {
    ends: Vec<[u64; 2]>,
    body: Vec<u8>,
}

impl Writer {
    fn section(&mut self, bytes: &[u8]) {
        self.body.resize(self.body.len().next_multiple_of(8), 0);
        self.ends.push([self.body.len() as u64, bytes.len() as u64]);
        self.body.extend_from_slice(bytes);
    }

    fn finish(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(16 + self.ends.len() * 16 + self.body.len());
        out.extend_from_slice(&MAGIC.to_le_bytes());
        out.extend_from_slice(&(self.ends.len() as u64).to_le_bytes());
        for [start, len] in &self.ends {
            out.extend_from_slice(&start.to_le_bytes());
            out.extend_from_slice(&len.to_le_bytes());
        }
        out.extend_from_slice(&self.body);
        out
    }
}

struct Reader {
    sections: &'static [u64],
    body: &'static [u8],
}

impl Reader {
    fn open(bytes: &'static [u8]) -> Option<Self> {
        let header: &[u64] = bytemuck::try_cast_slice(bytes.get(..16)?).ok()?;
        if header[0] != MAGIC {
            return None;
        }
        let table = usize::try_from(header[1]).ok()?.checked_mul(16)?;
        let sections = bytemuck::try_cast_slice(bytes.get(16..table.checked_add(16)?)?).ok()?;
        Some(Self { sections, body: &bytes[16 + table..] })
    }

    fn section(&mut self) -> Option<&'static [u8]> {
        let (&[start, len], rest) = self.sections.split_first_chunk()?;
        self.sections = rest;
        self.body.get(start as usize..(start as usize).checked_add(len as usize)?)
    }
}
