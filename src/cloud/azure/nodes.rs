//! Machines as ARM tells of them, turned into nodes; stop and start.
//!
//! **Invariant:** a group of ours that holds no machine is told of too, as a failed node: something was begun there, and
//! what is left has to be deleted.

use reqwest::Method;

use super::Azure;
use super::arm::version;
use super::bodies::group_path;
use super::error::ArmError;
use super::together::together;
use super::wire::{Interface, Resource, Tags, Vm};
use crate::cloud::{LeaseKey, Node, NodeState, ProviderError, Refusal, tag};
use crate::model::CapacityType;

impl Azure {
    /// The machines in the group of a launch call; nothing if there is no such group.
    pub(super) async fn nodes_of(&self, key: &LeaseKey) -> Result<Vec<Node>, ArmError> {
        let path = format!("{}/providers/Microsoft.Compute/virtualMachines", group_path(key));
        let Some(machines) = self.arm.list::<Vm>(self.arm.below(&path, version::COMPUTE)).await? else {
            return Ok(Vec::new());
        };
        if machines.is_empty() {
            let left: Option<Resource> = self.arm.get(&group_path(key), version::RESOURCES).await?;
            return Ok(left.iter().filter_map(remainder).collect());
        }
        self.nodes(machines).await
    }

    /// Every machine of an owner, and every group of theirs that holds none.
    pub(super) async fn nodes_of_owner(&self, owner: &str) -> Result<Vec<Node>, ArmError> {
        let filter =
            format!("/resourcegroups?$filter=tagName%20eq%20'{}'%20and%20tagValue%20eq%20'{owner}'", tag::OWNER);
        let groups = self.arm.list::<Resource>(self.arm.below(&filter, version::RESOURCES)).await?.unwrap_or_default();
        let all = self.arm.below("/providers/Microsoft.Compute/virtualMachines", version::COMPUTE);
        let mut machines = self.arm.list::<Vm>(all).await?.unwrap_or_default();
        machines.retain(|machine| machine.tags.get(tag::OWNER).is_some_and(|of| of == owner));
        let empty = groups.into_iter().filter(|of| {
            !machines
                .iter()
                .any(|machine| group_of(&machine.id).is_some_and(|name| name.eq_ignore_ascii_case(&of.name)))
        });
        let mut nodes: Vec<Node> = empty.filter_map(|of| remainder(&of)).collect();
        nodes.extend(self.nodes(machines).await?);
        Ok(nodes)
    }

    async fn nodes(&self, machines: Vec<Vm>) -> Result<Vec<Node>, ArmError> {
        self.nodes_named(machines.iter().filter_map(|machine| self.path_of(&machine.id))).await
    }

    /// The machines of these paths, as far as they are there. Unlike a list, this never lags.
    pub(super) async fn nodes_named<P: AsRef<str>>(
        &self,
        paths: impl IntoIterator<Item = P>,
    ) -> Result<Vec<Node>, ArmError> {
        let paths: Vec<P> = paths.into_iter().collect();
        let each = together(paths.iter().map(|path| self.node(path.as_ref()))).await;
        let mut nodes = each.into_iter().filter_map(Result::transpose).collect::<Result<Vec<Node>, ArmError>>()?;
        nodes.retain(|node| node.state != NodeState::Terminated);
        nodes.sort_by(|a, b| (&a.key, a.rank).cmp(&(&b.key, b.rank)));
        Ok(nodes)
    }

    /// A machine with its power state and addresses; `None` once it is gone.
    async fn node(&self, path: &str) -> Result<Option<Node>, ArmError> {
        let Some(machine) = self.arm.get::<Vm>(&format!("{path}?$expand=instanceView"), version::COMPUTE).await? else {
            return Ok(None);
        };
        let nic = machine.properties.network_profile.network_interfaces.first().and_then(|nic| self.path_of(&nic.id));
        let interface = match nic {
            Some(path) => {
                let expanded = format!("{path}?$expand=ipConfigurations/publicIPAddress");
                self.arm.get::<Interface>(&expanded, version::NETWORK).await?
            }
            None => None,
        };
        Ok(Some(node(&machine, interface.as_ref())))
    }

    /// The path below our subscription of a resource's id.
    fn path_of<'a>(&self, id: &'a str) -> Option<&'a str> {
        let head = format!("/subscriptions/{}", self.arm.subscription);
        id.get(..head.len()).filter(|start| start.eq_ignore_ascii_case(&head)).map(|_| &id[head.len()..])
    }

    /// Carries out `deallocate` or `start` on each, and waits.
    pub(super) async fn power(&self, nodes: &[Node], action: &str) -> Result<(), ProviderError> {
        let each = together(nodes.iter().map(|node| async move {
            if node.key.0.is_empty() {
                let words = format!("machine {} has lost its tag {}", node.id, tag::LEASE);
                return Err(ProviderError::refused("ResourceNotFound", words));
            }
            let machine = format!("{}/providers/Microsoft.Compute/virtualMachines/{}", group_path(&node.key), node.id);
            let url = self.arm.below(&format!("{machine}/{action}"), version::COMPUTE);
            let accepted = self.arm.patiently(&Method::POST, &url, None).await?;
            Ok(self.arm.settled(accepted).await?)
        }))
        .await;
        merge(each)
    }
}

/// One result of several: what was refused in one list, unless one was lost or had no credentials.
pub(super) fn merge(each: Vec<Result<(), ProviderError>>) -> Result<(), ProviderError> {
    let mut refusals: Vec<Refusal> = Vec::new();
    for result in each {
        match result {
            Ok(()) => {}
            Err(ProviderError::Refused(more)) => {
                // Machines of one gang are mostly refused alike.
                let news = more.into_iter().filter(|one| !refusals.contains(one));
                refusals.extend(news.collect::<Vec<Refusal>>());
            }
            Err(error) => return Err(error),
        }
    }
    if refusals.is_empty() { Ok(()) } else { Err(ProviderError::Refused(refusals)) }
}

/// `eastus`, also where ARM says `East US`.
pub(super) fn location(name: &str) -> String {
    name.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase()
}

/// The group in a resource's id.
fn group_of(id: &str) -> Option<&str> {
    let mut parts = id.split('/');
    parts.find(|part| part.eq_ignore_ascii_case("resourceGroups"))?;
    parts.next()
}

fn tagged(tags: &Tags, name: &str) -> String {
    tags.get(name).cloned().unwrap_or_default()
}

fn node(machine: &Vm, interface: Option<&Interface>) -> Node {
    let address = interface.and_then(|nic| nic.properties.ip_configurations.first()).map(|one| &one.properties);
    let properties = &machine.properties;
    let spot = properties.priority.as_deref().is_some_and(|priority| priority.eq_ignore_ascii_case("Spot"));
    Node {
        id: machine.name.clone(),
        region: location(&machine.location),
        zone: machine.zones.first().cloned(),
        key: LeaseKey(tagged(&machine.tags, tag::LEASE)),
        cluster: tagged(&machine.tags, tag::CLUSTER),
        rank: tagged(&machine.tags, tag::RANK).parse().unwrap_or_default(),
        state: state(machine),
        instance_type: properties.hardware_profile.vm_size.clone(),
        capacity: if spot { CapacityType::Spot } else { CapacityType::OnDemand },
        public_ip: address.and_then(|one| one.public_ip.as_ref()?.properties.address.clone()),
        private_ip: address.and_then(|one| one.private_ip.clone()),
    }
}

/// The power state where there is one; a machine that never came up has none.
pub(super) fn state(machine: &Vm) -> NodeState {
    let provisioning = machine.properties.provisioning_state.as_str();
    if provisioning == "Deleting" {
        return NodeState::Terminated;
    }
    let mut statuses = machine.properties.instance_view.iter().flat_map(|view| &view.statuses);
    let power = statuses.find_map(|status| status.code.strip_prefix("PowerState/"));
    match power {
        Some("running") if provisioning == "Creating" => NodeState::Pending,
        Some("running") => NodeState::Running,
        Some("stopping" | "deallocating") => NodeState::Stopping,
        Some("stopped" | "deallocated") => NodeState::Stopped,
        Some("starting") => NodeState::Pending,
        _ if provisioning == "Failed" || provisioning == "Canceled" => NodeState::Failed,
        _ => NodeState::Pending,
    }
}

/// A group without a machine; `None` for one that is no longer ours.
fn remainder(of: &Resource) -> Option<Node> {
    Some(Node {
        id: of.name.clone(),
        region: location(&of.location),
        zone: None,
        key: LeaseKey(of.tags.get(tag::LEASE)?.clone()),
        cluster: tagged(&of.tags, tag::CLUSTER),
        rank: 0,
        state: NodeState::Failed,
        instance_type: String::new(),
        capacity: CapacityType::OnDemand,
        public_ip: None,
        private_ip: None,
    })
}
