//! What machines of an attempt get beside their type and place.

use std::sync::Arc;

use crate::catalog::Catalog;
use crate::cloud::{CloudProvider, MachineSpec};
use crate::cluster::context::Context;
use crate::cluster::error::ClusterError;
use crate::cluster::keys::key_pair;
use crate::model::{Attempt, Candidate};
use crate::request::{Image, Request};

/// The options of every alternative, and the key that lets us in.
pub(super) struct Specs<'a> {
    catalog: &'a Catalog,
    request: &'a Request,
    candidates: Arc<[Candidate]>,
    user: Option<String>,
    public_key: String,
    disk_size_gb: u32,
}

impl<'a> Specs<'a> {
    pub(super) fn new(
        context: &Context,
        request: &'a Request,
        candidates: &Arc<[Candidate]>,
    ) -> Result<Self, ClusterError> {
        Ok(Self {
            catalog: context.catalog,
            request,
            candidates: Arc::clone(candidates),
            user: context.config.ssh.user.clone(),
            public_key: key_pair(&context.home, &context.config)?.public,
            disk_size_gb: context.config.disk_size_gb(),
        })
    }

    /// Position in the request of the alternative that an attempt meets.
    pub(super) fn alternative(&self, attempt: &Attempt) -> usize {
        self.candidates.get(attempt.candidate as usize).map_or(0, |candidate| candidate.alternative as usize)
    }

    pub(super) fn of(&self, attempt: &Attempt, provider: &dyn CloudProvider) -> MachineSpec {
        let machine = self.request.machines.get(self.alternative(attempt)).cloned().unwrap_or_default();
        let region = self.catalog.region_name(attempt.offering.region);
        let image = match machine.image {
            None => None,
            Some(Image::One(image)) => Some(image),
            Some(Image::PerRegion(images)) => images.into_iter().find(|(at, _)| at == region).map(|(_, image)| image),
        };
        MachineSpec {
            disk_size_gb: machine.disk_size_gb.unwrap_or(self.disk_size_gb),
            disk_tier: machine.disk_tier.map(str::to_owned),
            image,
            ports: machine.ports.iter().filter_map(|text| port_range(text)).collect(),
            labels: machine.labels,
            ssh_user: self.user.clone().unwrap_or_else(|| provider.default_user().to_owned()),
            ssh_public_key: self.public_key.clone(),
            startup_script: None,
        }
    }
}

/// `8080` or `8000-8010`; the request's reader has checked it.
fn port_range(text: &str) -> Option<(u16, u16)> {
    let port = |text: &str| text.trim().parse().ok();
    match text.split_once('-') {
        None => port(text).map(|port| (port, port)),
        Some((low, high)) => Some((port(low)?, port(high)?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_ranges() {
        assert_eq!(port_range("8080"), Some((8080, 8080)));
        assert_eq!(port_range("8000-8010"), Some((8000, 8010)));
    }
}
