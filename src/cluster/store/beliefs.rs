//! Denials that were met lately, shared by all launches of this installation.

use rusqlite::params;

use super::clusters::capacity;
use super::{Store, Stored};
use crate::catalog::Catalog;
use crate::cloud::Clock;
use crate::engine::Block;
use crate::model::{AcceleratorCount, Cause, CloudId, Denial, Scope, Timestamp, TypeId};

/// One denial that is still believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Belief {
    /// Orders what was written.
    pub id: i64,
    /// Why.
    pub cause: Cause,
    /// What it speaks for.
    pub scope: Scope,
    /// The cloud's code.
    pub code: String,
    /// The cloud's words.
    pub message: String,
    /// When it was met, in seconds since the Unix epoch.
    pub met_at: i64,
    /// Until when it is believed.
    pub until: i64,
}

impl Belief {
    /// As the engine takes it.
    pub fn block(&self, clock: &Clock) -> Block {
        Block { scope: self.scope, cause: self.cause, until: clock.at_unix(self.until) }
    }
}

/// What outlives a launch: what is not there. Credentials are renewed and requests corrected between launches, and
/// what nobody understands is asked again.
const KEPT: [Cause; 3] = [Cause::Stockout, Cause::QuotaExceeded, Cause::Unsupported];

impl Store {
    /// Remembers a denial met at this moment.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn remember(&self, catalog: &Catalog, denial: &Denial, clock: &Clock, at: Timestamp) -> Stored<()> {
        if !KEPT.contains(&denial.cause) || denial.cooldown.0 == 0 {
            return Ok(());
        }
        let scope = &denial.scope;
        let kind = scope.instance_type;
        let accelerator = |id| catalog.accelerator_name(id);
        let type_devices = kind.and_then(|kind| catalog.type_info(kind).accelerator);
        self.change(|tx| {
            tx.execute("DELETE FROM belief WHERE until <= ?1", [clock.unix_now()])?;
            tx.execute(
                "INSERT INTO belief (cause, cloud, region, zone, family, instance_type, type_accelerator, accelerator, \
                 attached, attached_milli, capacity, code, message, met_at, until, accelerated) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
                params![
                    denial.cause.name(),
                    scope.cloud.map(|id| catalog.cloud_name(id)),
                    scope.region.map(|id| catalog.region_name(id)),
                    scope.zone.map(|id| catalog.zone_name(id)),
                    scope.family.map(|id| catalog.family_name(id)),
                    kind.map(|id| catalog.type_name(id)),
                    type_devices.map(|devices| devices_text(catalog, devices)),
                    scope.accelerator.map(accelerator),
                    scope.attached.map(|devices| accelerator(devices.accelerator)),
                    scope.attached.map(|devices| devices.count_milli),
                    scope.capacity.map(crate::model::CapacityType::name),
                    &*denial.code,
                    &*denial.text,
                    clock.unix(at),
                    // A second more, so that a cooldown shorter than one is not over at once.
                    clock.unix(at + denial.cooldown) + 1,
                    scope.accelerated,
                ],
            )
        })?;
        Ok(())
    }

    /// What is believed now and was written after `seen` (0 for all), in the order it was met. What names something that
    /// the catalog does not know is left out.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn beliefs(&self, catalog: &Catalog, now: i64, seen: i64) -> Stored<Vec<Belief>> {
        let sql = "SELECT * FROM belief WHERE until > ?1 AND id > ?2 ORDER BY id";
        let rows = self.all(sql, [now, seen], |row| {
            let text = |name: &str| row.get::<_, Option<String>>(name);
            let cause = text("cause")?.unwrap_or_default();
            let named = Named {
                cloud: text("cloud")?,
                region: text("region")?,
                zone: text("zone")?,
                family: text("family")?,
                instance_type: text("instance_type")?,
                type_accelerator: text("type_accelerator")?,
                accelerator: text("accelerator")?,
                attached: text("attached")?,
                attached_milli: row.get("attached_milli")?,
                capacity: text("capacity")?,
                accelerated: row.get("accelerated")?,
            };
            let (Some(scope), Some(cause)) =
                (named.scope(catalog), Cause::ALL.into_iter().find(|known| known.name() == cause))
            else {
                return Ok(None);
            };
            Ok(Some(Belief {
                id: row.get("id")?,
                cause,
                scope,
                code: row.get("code")?,
                message: row.get("message")?,
                met_at: row.get("met_at")?,
                until: row.get("until")?,
            }))
        })?;
        Ok(rows.into_iter().flatten().collect())
    }

    /// Forgets what was believed of a place that has just proved it wrong, or may have: the zone (or region) of what came
    /// up, and quotas of a region in which something was given back.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn disbelieve(&self, cloud: &str, region: &str, zone: Option<&str>, instance_type: &str) -> Stored<()> {
        self.change(|tx| {
            tx.execute(
                "DELETE FROM belief WHERE cause = 'stockout' AND cloud = ?1 AND region = ?2 \
                 AND (zone IS NULL OR zone = ?3) AND (instance_type IS NULL OR instance_type = ?4)",
                params![cloud, region, zone, instance_type],
            )
        })?;
        Ok(())
    }

    /// Forgets everything that was believed.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn forget_beliefs(&self) -> Stored<()> {
        self.change(|tx| tx.execute("DELETE FROM belief", []))?;
        Ok(())
    }

    /// Forgets quotas that were exceeded in a cloud: something was given back there.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn disbelieve_quota(&self, cloud: &str) -> Stored<()> {
        self.change(|tx| tx.execute("DELETE FROM belief WHERE cause = 'quota' AND cloud = ?1", [cloud]))?;
        Ok(())
    }
}

/// A name that the catalog does not have.
struct NotThere;

/// A scope in names, which outlive ids.
struct Named {
    cloud: Option<String>,
    region: Option<String>,
    zone: Option<String>,
    family: Option<String>,
    instance_type: Option<String>,
    type_accelerator: Option<String>,
    accelerator: Option<String>,
    attached: Option<String>,
    attached_milli: Option<u32>,
    capacity: Option<String>,
    accelerated: bool,
}

impl Named {
    /// `None` if a name is not in the catalog: a scope with a part left out would speak for more than was said.
    fn scope(&self, catalog: &Catalog) -> Option<Scope> {
        self.looked_up(catalog).ok()
    }

    fn looked_up(&self, catalog: &Catalog) -> Result<Scope, NotThere> {
        fn known<T>(name: Option<&str>, find: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, NotThere> {
            name.map(|name| find(name).ok_or(NotThere)).transpose()
        }
        let cloud: Option<CloudId> = known(self.cloud.as_deref(), |name| catalog.find_cloud(name))?;
        let devices = |name: &str| {
            let accelerator = catalog.find_accelerator(name)?;
            Some(AcceleratorCount { accelerator, count_milli: self.attached_milli? })
        };
        Ok(Scope {
            cloud,
            region: known(self.region.as_deref(), |name| catalog.find_region(cloud, name))?,
            zone: known(self.zone.as_deref(), |name| catalog.find_zone(cloud, name))?,
            family: known(self.family.as_deref(), |name| catalog.find_family(cloud?, name))?,
            instance_type: known(self.instance_type.as_deref(), |name| self.kind(catalog, cloud, name))?,
            accelerator: known(self.accelerator.as_deref(), |name| catalog.find_accelerator(name))?,
            attached: known(self.attached.as_deref(), devices)?,
            capacity: self.capacity.as_deref().map(capacity),
            accelerated: self.accelerated,
        })
    }

    /// The type of this name with these accelerators: on GCP several share a name.
    fn kind(&self, catalog: &Catalog, cloud: Option<CloudId>, name: &str) -> Option<TypeId> {
        catalog.find_types(cloud, name).find(|kind| {
            let devices = catalog.type_info(*kind).accelerator.map(|devices| devices_text(catalog, devices));
            devices == self.type_accelerator
        })
    }
}

fn devices_text(catalog: &Catalog, devices: AcceleratorCount) -> String {
    format!("{}:{}", catalog.accelerator_name(devices.accelerator), devices.count_milli)
}
