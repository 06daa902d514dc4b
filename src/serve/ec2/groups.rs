//! Security groups.
//!
//! **Invariant:** a group in use is not deleted, a name is used once, and a rule is had once.

use std::sync::Arc;

use super::fault::Fault;
use super::form::{Form, Tags, admits, page, seen_tags};
use super::memory::{Group, Rule, Source};
use super::run::extra_of;
use super::xml::Xml;
use super::{Call, Done, id_of, network};
use crate::serve::{Filter, State};

/// The group that a VPC has from the start.
pub(super) fn default_id(region: &str) -> String {
    id_of("sg", &[region, "default"])
}

fn default_group() -> Group {
    Group {
        name: "default".to_owned(),
        description: "default VPC security group".to_owned(),
        tags: Tags::new(),
        rules: Vec::new(),
    }
}

/// A group's name; empty if it is gone.
pub(super) fn name_of(call: &Call<'_>, id: &str) -> String {
    if id == default_id(call.region) {
        return "default".to_owned();
    }
    let kept = call.ec2.memory.lock();
    kept.groups.get(&key(call, id)).map(|group| group.name.clone()).unwrap_or_default()
}

/// The id of the group with this name.
pub(super) fn by_name(call: &Call<'_>, name: &str) -> Result<String, Fault> {
    let found = all(call).into_iter().find(|(_, group)| group.name == name);
    let words = || format!("The security group '{name}' does not exist in VPC '{}'", network::vpc_id(call.region));
    found.map(|(id, _)| id).ok_or_else(|| Fault::absent("InvalidGroup.NotFound", words()))
}

/// An error if there is no such group.
pub(super) fn need(call: &Call<'_>, id: &str) -> Result<(), Fault> {
    if all(call).iter().any(|(known, _)| known == id) { Ok(()) } else { Err(absent(id)) }
}

fn absent(id: &str) -> Fault {
    Fault::absent("InvalidGroup.NotFound", format!("The security group '{id}' does not exist"))
}

fn key(call: &Call<'_>, id: &str) -> (String, String) {
    (call.region.to_owned(), id.to_owned())
}

/// Every group of the region, with its id.
fn all(call: &Call<'_>) -> Vec<(String, Group)> {
    let kept = call.ec2.memory.lock();
    let made = kept.groups.iter().filter(|((region, _), _)| region == call.region);
    let made = made.map(|((_, id), group)| (id.clone(), group.clone()));
    std::iter::once((default_id(call.region), default_group())).chain(made).collect()
}

/// The group that a request names by id or by name.
fn of_request(call: &Call<'_>) -> Result<String, Fault> {
    match (call.form.get("GroupId"), call.form.get("GroupName")) {
        (Some(id), _) => need(call, id).map(|()| id.to_owned()),
        (None, Some(name)) => by_name(call, name),
        (None, None) => Err(Fault::missing("GroupId")),
    }
}

/// `CreateSecurityGroup`
pub(super) fn create(call: &Call<'_>) -> Done {
    let name = call.form.need("GroupName")?;
    let description = call.form.need("GroupDescription")?;
    let vpc = network::vpc_id(call.region);
    if let Some(other) = call.form.get("VpcId").filter(|other| *other != vpc) {
        return Err(Fault::absent("InvalidVpcID.NotFound", format!("The vpc ID '{other}' does not exist")));
    }
    call.dry_run()?;
    let id = id_of("sg", &[call.region, name, call.request_id]);
    let mut kept = call.ec2.memory.lock();
    let mut here = kept.groups.iter().filter(|((region, _), _)| region == call.region);
    if name == "default" || here.any(|(_, group)| group.name == name) {
        let words = format!("The security group '{name}' already exists for VPC '{vpc}'");
        return Err(Fault::new(400, "InvalidGroup.Duplicate", words));
    }
    let tags = call.form.tags_for("security-group");
    let group =
        Group { name: name.to_owned(), description: description.to_owned(), tags: tags.clone(), rules: Vec::new() };
    kept.groups.insert(key(call, &id), group);
    drop(kept);
    Ok(call.answer(|xml| {
        xml.leaf("return", true);
        xml.leaf("groupId", &id);
        xml.tags(&tags);
    }))
}

/// `DeleteSecurityGroup`
pub(super) fn delete(call: &Call<'_>) -> Done {
    let id = of_request(call)?;
    if id == default_id(call.region) {
        let words = format!("the specified group: \"{id}\" name: \"default\" cannot be deleted by a user");
        return Err(Fault::new(400, "CannotDelete", words));
    }
    let here = Filter { cloud: Some("aws"), region: Some(call.region.to_owned()), hidden: true, ..Filter::default() };
    let instances = call.ec2.site.instances(&here);
    let used = |instance: &Arc<crate::serve::Instance>| {
        instance.state != State::Terminated && extra_of(instance).groups.contains(&id)
    };
    if let Some(at) = instances.iter().filter(|i| used(i)).filter_map(|i| i.state.ends()).max() {
        call.ec2.site.clock().hasten(at);
    }
    if call.ec2.site.instances(&here).iter().any(used) {
        return Err(Fault::new(400, "DependencyViolation", format!("resource {id} has a dependent object")));
    }
    call.dry_run()?;
    call.ec2.memory.lock().groups.remove(&key(call, &id));
    Ok(call.answer(|xml| {
        xml.leaf("return", true);
        xml.leaf("groupId", &id);
    }))
}

/// The rules that a request names: `IpPermissions.N` or one in plain parameters.
fn rules(form: &Form) -> Result<Vec<Rule>, Fault> {
    let mut rules = Vec::new();
    for n in form.indexes("IpPermissions") {
        let prefix = format!("IpPermissions.{n}");
        let protocol = form.need(&format!("{prefix}.IpProtocol"))?.to_owned();
        let ports = ports(form, &prefix)?;
        let each = |list: &str, field: &str| -> Vec<String> {
            let found = form.indexes(&format!("{prefix}.{list}")).into_iter();
            found.filter_map(|m| form.get(&format!("{prefix}.{list}.{m}.{field}")).map(str::to_owned)).collect()
        };
        let sources = (each("IpRanges", "CidrIp").into_iter().map(Source::Addresses))
            .chain(each("Ipv6Ranges", "CidrIpv6").into_iter().map(Source::Addresses6))
            .chain(each("Groups", "GroupId").into_iter().map(Source::Group));
        rules.extend(sources.map(|from| Rule { protocol: protocol.clone(), ports, from }));
    }
    if let Some(addresses) = form.get("CidrIp") {
        let protocol = form.need("IpProtocol")?.to_owned();
        rules.push(Rule {
            protocol,
            ports: ports_of(form, "FromPort", "ToPort")?,
            from: Source::Addresses(addresses.to_owned()),
        });
    }
    if rules.is_empty() { Err(Fault::missing("ipPermissions")) } else { Ok(rules) }
}

fn ports(form: &Form, prefix: &str) -> Result<Option<(i32, i32)>, Fault> {
    ports_of(form, &format!("{prefix}.FromPort"), &format!("{prefix}.ToPort"))
}

fn ports_of(form: &Form, from: &str, to: &str) -> Result<Option<(i32, i32)>, Fault> {
    let (from, to) = (form.number(from)?, form.number(to)?);
    match (from, to) {
        (Some(from), Some(to)) if from > to => Err(Fault::invalid(format!("Invalid TCP/UDP port range ({from}:{to})"))),
        (Some(from), Some(to)) => Ok(Some((from, to))),
        _ => Ok(None),
    }
}

/// `AuthorizeSecurityGroupIngress`
pub(super) fn authorize(call: &Call<'_>) -> Done {
    let id = of_request(call)?;
    let rules = rules(call.form)?;
    call.dry_run()?;
    let mut kept = call.ec2.memory.lock();
    let group = kept.groups.entry(key(call, &id)).or_insert_with(default_group);
    if let Some(rule) = rules.iter().find(|rule| group.rules.contains(rule)) {
        let words = format!("the specified rule \"peer: {}\" already exists", peer(rule));
        return Err(Fault::new(400, "InvalidPermission.Duplicate", words));
    }
    group.rules.extend(rules.iter().cloned());
    drop(kept);
    Ok(call.answer(|xml| {
        xml.leaf("return", true);
        xml.items("securityGroupRuleSet", &rules, |xml, rule| {
            xml.leaf("securityGroupRuleId", id_of("sgr", &[&id, &format!("{rule:?}")]));
            xml.leaf("groupId", &id);
            xml.leaf("groupOwnerId", call.ec2.account());
            xml.leaf("isEgress", false);
            xml.leaf("ipProtocol", &rule.protocol);
            let (from, to) = rule.ports.unwrap_or((-1, -1));
            xml.leaf("fromPort", from);
            xml.leaf("toPort", to);
            match &rule.from {
                Source::Addresses(block) => xml.leaf("cidrIpv4", block),
                Source::Addresses6(block) => xml.leaf("cidrIpv6", block),
                Source::Group(group) => xml.within("referencedGroupInfo", |xml| xml.leaf("groupId", group)),
            }
        });
    }))
}

fn peer(rule: &Rule) -> String {
    let from = match &rule.from {
        Source::Addresses(name) | Source::Addresses6(name) | Source::Group(name) => name,
    };
    let (first, last) = rule.ports.unwrap_or((-1, -1));
    format!("{from}, {}, from port: {first}, to port: {last}, ALLOW", rule.protocol.to_uppercase())
}

/// `RevokeSecurityGroupIngress`
pub(super) fn revoke(call: &Call<'_>) -> Done {
    let id = of_request(call)?;
    let rules = rules(call.form)?;
    call.dry_run()?;
    let mut kept = call.ec2.memory.lock();
    if let Some(group) = kept.groups.get_mut(&key(call, &id)) {
        group.rules.retain(|rule| !rules.contains(rule));
    }
    drop(kept);
    Ok(call.done())
}

/// `DescribeSecurityGroups`
pub(super) fn describe(call: &Call<'_>) -> Done {
    let (ids, names) = (call.form.list("GroupId"), call.form.list("GroupName"));
    for id in &ids {
        need(call, id)?;
    }
    for name in &names {
        by_name(call, name)?;
    }
    let filters = call.form.filters();
    let mut found = Vec::new();
    for (id, group) in all(call) {
        let passes = admits(&filters, |name| match name {
            "group-id" => Some(vec![id.clone()]),
            "group-name" => Some(vec![group.name.clone()]),
            "description" => Some(vec![group.description.clone()]),
            "vpc-id" => Some(vec![network::vpc_id(call.region)]),
            "owner-id" => Some(vec![call.ec2.account()]),
            other => seen_tags(&group.tags, other),
        })?;
        let named = (ids.is_empty() || ids.contains(&id)) && (names.is_empty() || names.contains(&group.name));
        if passes && named {
            found.push((id, group));
        }
    }
    let (found, next) = page(call.form, found)?;
    Ok(call.answer(|xml| {
        xml.items("securityGroupInfo", &found, |xml, (id, group)| {
            xml.leaf("ownerId", call.ec2.account());
            xml.leaf("groupId", id);
            xml.leaf("groupName", &group.name);
            xml.leaf("groupDescription", &group.description);
            xml.leaf("vpcId", network::vpc_id(call.region));
            xml.items("ipPermissions", &merged(&group.rules), |xml, rules| permission(xml, rules));
            let out = Rule { protocol: "-1".into(), ports: None, from: Source::Addresses("0.0.0.0/0".into()) };
            xml.items("ipPermissionsEgress", &merged(&[out]), |xml, rules| permission(xml, rules));
            xml.tags(&group.tags);
        });
        xml.maybe("nextToken", next);
    }))
}

/// Rules with the same protocol and ports together, as EC2 lists them.
fn merged(rules: &[Rule]) -> Vec<Vec<Rule>> {
    let mut merged: Vec<Vec<Rule>> = Vec::new();
    for rule in rules {
        let same = |other: &&mut Vec<Rule>| other[0].protocol == rule.protocol && other[0].ports == rule.ports;
        match merged.iter_mut().find(same) {
            Some(together) => together.push(rule.clone()),
            None => merged.push(vec![rule.clone()]),
        }
    }
    merged
}

fn permission(xml: &mut Xml, rules: &[Rule]) {
    xml.leaf("ipProtocol", &rules[0].protocol);
    if let Some((from, to)) = rules[0].ports {
        xml.leaf("fromPort", from);
        xml.leaf("toPort", to);
    }
    let of = |pick: fn(&Source) -> Option<&String>| -> Vec<String> {
        rules.iter().filter_map(|rule| pick(&rule.from).cloned()).collect()
    };
    let groups = of(|from| if let Source::Group(id) = from { Some(id) } else { None });
    xml.items("groups", groups, |xml, id| xml.leaf("groupId", id));
    let blocks = of(|from| if let Source::Addresses(block) = from { Some(block) } else { None });
    xml.items("ipRanges", blocks, |xml, block| xml.leaf("cidrIp", block));
    let blocks = of(|from| if let Source::Addresses6(block) = from { Some(block) } else { None });
    xml.items("ipv6Ranges", blocks, |xml, block| xml.leaf("cidrIpv6", block));
    xml.within("prefixListIds", |_| {});
}
