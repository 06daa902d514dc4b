//! What a launch asks for: the names of all it makes, and their bodies.
//!
//! **Invariant:** every name follows from the launch's key, so that the same order asks for the same resources and
//! never for more of them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::size::Size;
use crate::cloud::{LeaseKey, Order, ProviderError, tag};
use crate::model::CapacityType;

/// The group of a launch call. A cluster is what one launch call made, so this is a group per cluster; it holds nothing
/// else, and an attempt that failed is cleared away by deleting it.
pub(super) fn group(key: &LeaseKey) -> String {
    if key.0.starts_with("sky-") { key.0.clone() } else { format!("sky-{key}") }
}

/// The path of a group below its subscription.
pub(super) fn group_path(key: &LeaseKey) -> String {
    format!("/resourceGroups/{}", group(key))
}

/// The paths of what a launch makes, below its subscription.
pub(super) struct Paths {
    base: String,
    key: String,
}

impl Paths {
    pub(super) fn of(key: &LeaseKey) -> Self {
        Self { base: group_path(key), key: key.0.clone() }
    }

    pub(super) fn network(&self) -> String {
        format!("{}/providers/Microsoft.Network/virtualNetworks/{}-net", self.base, self.key)
    }

    pub(super) fn firewall(&self) -> String {
        format!("{}/providers/Microsoft.Network/networkSecurityGroups/{}-nsg", self.base, self.key)
    }

    pub(super) fn machine(&self, rank: u16) -> String {
        format!("{}/providers/Microsoft.Compute/virtualMachines/{}-{rank}", self.base, self.key)
    }

    /// The address of a machine in a zone. What a refused machine leaves behind may stay reserved for it a while, so
    /// another zone gets other ones.
    pub(super) fn address(&self, rank: u16, zone: Option<&str>) -> String {
        format!("{}/providers/Microsoft.Network/publicIPAddresses/{}-ip", self.base, self.piece(rank, zone))
    }

    pub(super) fn interface(&self, rank: u16, zone: Option<&str>) -> String {
        format!("{}/providers/Microsoft.Network/networkInterfaces/{}-nic", self.base, self.piece(rank, zone))
    }

    pub(super) fn disk(&self, rank: u16, zone: Option<&str>) -> String {
        format!("{}/providers/Microsoft.Compute/disks/{}", self.base, self.disk_name(rank, zone))
    }

    fn disk_name(&self, rank: u16, zone: Option<&str>) -> String {
        format!("{}-disk", self.piece(rank, zone))
    }

    fn piece(&self, rank: u16, zone: Option<&str>) -> String {
        match zone {
            Some(zone) => format!("{}-{rank}-z{zone}", self.key),
            None => format!("{}-{rank}", self.key),
        }
    }
}

/// Bodies of one order.
pub(super) struct Bodies<'a> {
    pub(super) order: &'a Order,
    /// `/subscriptions/ID`, before every path in a reference.
    pub(super) subscription: String,
    pub(super) paths: Paths,
    image: Value,
    disk: &'static str,
}

impl<'a> Bodies<'a> {
    /// Refuses an order that no place would take.
    pub(super) fn of(order: &'a Order, subscription: &str) -> Result<Self, ProviderError> {
        let size = Size::of(&order.instance_type);
        Ok(Self {
            image: size.image(order.machine.image.as_deref())?,
            disk: size.disk(order.machine.disk_tier.as_deref())?,
            subscription: format!("/subscriptions/{subscription}"),
            paths: Paths::of(&order.key),
            order,
        })
    }

    fn reference(&self, path: &str) -> Value {
        json!({"id": format!("{}{path}", self.subscription)})
    }

    /// The user's labels, and ours over them.
    fn tags(&self, rank: Option<u16>) -> Value {
        let labels = self.order.machine.labels.iter().map(|(name, value)| (name.clone(), json!(value)));
        let mut tags: Map<String, Value> = labels.collect();
        tags.insert(tag::OWNER.to_owned(), json!(self.order.owner));
        tags.insert(tag::CLUSTER.to_owned(), json!(self.order.cluster));
        tags.insert(tag::LEASE.to_owned(), json!(self.order.key.0));
        if let Some(rank) = rank {
            tags.insert(tag::RANK.to_owned(), json!(rank.to_string()));
            tags.insert(tag::NODES.to_owned(), json!(self.order.nodes.to_string()));
        }
        Value::Object(tags)
    }

    pub(super) fn group(&self) -> Value {
        json!({"location": self.order.region, "tags": self.tags(None)})
    }

    pub(super) fn network(&self) -> Value {
        json!({
            "location": self.order.region,
            "tags": self.tags(None),
            "properties": {
                "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
                "subnets": [{"name": "default", "properties": {"addressPrefix": "10.0.0.0/20"}}],
            },
        })
    }

    /// Ssh and the user's ports; what comes from inside the network is open by the default rules.
    pub(super) fn firewall(&self) -> Value {
        let mut rules = vec![rule("ssh", 100, "Tcp", &json!({"destinationPortRange": "22"}))];
        let range = |&(from, to): &(u16, u16)| if from == to { from.to_string() } else { format!("{from}-{to}") };
        let ports: Vec<String> = self.order.machine.ports.iter().map(range).collect();
        if !ports.is_empty() {
            rules.push(rule("ports", 110, "*", &json!({"destinationPortRanges": ports})));
        }
        json!({"location": self.order.region, "tags": self.tags(None), "properties": {"securityRules": rules}})
    }

    pub(super) fn address(&self, rank: u16) -> Value {
        json!({
            "location": self.order.region,
            "tags": self.tags(Some(rank)),
            "sku": {"name": "Standard"},
            "properties": {"publicIPAllocationMethod": "Static"},
        })
    }

    pub(super) fn interface(&self, rank: u16, zone: Option<&str>) -> Value {
        let mut address = self.reference(&self.paths.address(rank, zone));
        address["properties"] = json!({"deleteOption": "Delete"});
        json!({
            "location": self.order.region,
            "tags": self.tags(Some(rank)),
            "properties": {
                "networkSecurityGroup": self.reference(&self.paths.firewall()),
                "ipConfigurations": [{
                    "name": "primary",
                    "properties": {
                        "subnet": self.reference(&format!("{}/subnets/default", self.paths.network())),
                        "publicIPAddress": address,
                    },
                }],
            },
        })
    }

    pub(super) fn machine(&self, rank: u16, zone: Option<&str>) -> Value {
        let spec = &self.order.machine;
        let mut nic = self.reference(&self.paths.interface(rank, zone));
        nic["properties"] = json!({"primary": true, "deleteOption": "Delete"});
        let mut body = json!({
            "location": self.order.region,
            "tags": self.tags(Some(rank)),
            "properties": {
                "hardwareProfile": {"vmSize": self.order.instance_type},
                "storageProfile": {
                    "imageReference": self.image,
                    "osDisk": {
                        "name": self.paths.disk_name(rank, zone),
                        "createOption": "FromImage",
                        "diskSizeGB": spec.disk_size_gb,
                        "managedDisk": {"storageAccountType": self.disk},
                        "deleteOption": "Delete",
                    },
                },
                "osProfile": {
                    "computerName": format!("{}-{rank}", self.order.cluster),
                    "adminUsername": spec.ssh_user,
                    "linuxConfiguration": {
                        "disablePasswordAuthentication": true,
                        "ssh": {"publicKeys": [{
                            "path": format!("/home/{}/.ssh/authorized_keys", spec.ssh_user),
                            "keyData": spec.ssh_public_key,
                        }]},
                    },
                },
                "networkProfile": {"networkInterfaces": [nic]},
            },
        });
        if let Some(zone) = zone {
            body["zones"] = json!([zone]);
        }
        let properties = &mut body["properties"];
        if let Some(script) = &spec.startup_script {
            properties["osProfile"]["customData"] = json!(STANDARD.encode(script));
        }
        if self.order.capacity == CapacityType::Spot {
            // Deleted when it is taken back: a deallocated one would keep its disk on the bill and its place in the quota.
            properties["priority"] = json!("Spot");
            properties["evictionPolicy"] = json!("Delete");
            properties["billingProfile"] = json!({"maxPrice": -1.0});
        }
        body
    }
}

fn rule(name: &str, priority: u16, protocol: &str, ports: &Value) -> Value {
    let mut properties = json!({
        "protocol": protocol,
        "sourcePortRange": "*",
        "sourceAddressPrefix": "*",
        "destinationAddressPrefix": "*",
        "access": "Allow",
        "priority": priority,
        "direction": "Inbound",
    });
    if let (Some(into), Some(from)) = (properties.as_object_mut(), ports.as_object()) {
        into.extend(from.clone());
    }
    json!({"name": name, "properties": properties})
}
