//! Launch templates, which fleets are made of. One version each.
//!
//! **Invariant:** a name has one template.

use super::fault::Fault;
use super::form::{Form, admits, page, seen_tags};
use super::memory::Template;
use super::xml::Xml;
use super::{Call, Done, id_of};

/// `CreateLaunchTemplate`
pub(super) fn create(call: &Call<'_>) -> Done {
    let name = call.form.need("LaunchTemplateName")?;
    call.dry_run()?;
    let below = call
        .form
        .0
        .iter()
        .filter_map(|(key, value)| Some((key.strip_prefix("LaunchTemplateData.")?.to_owned(), value.clone())));
    let template = Template {
        id: id_of("lt", &[call.region, name, call.request_id]),
        data: Form(below.collect()),
        created: call.ec2.site.clock().rfc3339(call.ec2.site.clock().now()),
    };
    let mut kept = call.ec2.memory.lock();
    let entry = kept.templates.entry((call.region.to_owned(), name.to_owned()));
    let std::collections::btree_map::Entry::Vacant(free) = entry else {
        let words = "Launch template name already in use.";
        return Err(Fault::new(400, "InvalidLaunchTemplateName.AlreadyExistsException", words));
    };
    let template = free.insert(template).clone();
    drop(kept);
    Ok(call.answer(|xml| xml.within("launchTemplate", |xml| show(xml, call, name, &template))))
}

/// `DescribeLaunchTemplates`
pub(super) fn describe(call: &Call<'_>) -> Done {
    let (ids, names) = (call.form.list("LaunchTemplateId"), call.form.list("LaunchTemplateName"));
    let filters = call.form.filters();
    let mut found = Vec::new();
    for (name, template) in here(call) {
        let passes = admits(&filters, |filter| match filter {
            "launch-template-name" => Some(vec![name.clone()]),
            other => seen_tags(&super::form::Tags::new(), other),
        })?;
        let named = (ids.is_empty() || ids.contains(&template.id)) && (names.is_empty() || names.contains(&name));
        if passes && named {
            found.push((name, template));
        }
    }
    if found.is_empty() && !(ids.is_empty() && names.is_empty()) {
        return Err(absent());
    }
    let (found, next) = page(call.form, found)?;
    Ok(call.answer(|xml| {
        xml.items("launchTemplates", &found, |xml, (name, template)| show(xml, call, name, template));
        xml.maybe("nextToken", next);
    }))
}

/// `DeleteLaunchTemplate`
pub(super) fn delete(call: &Call<'_>) -> Done {
    let (name, template) = find(call, call.form.get("LaunchTemplateId"), call.form.get("LaunchTemplateName"))?;
    call.dry_run()?;
    call.ec2.memory.lock().templates.remove(&(call.region.to_owned(), name.clone()));
    Ok(call.answer(|xml| xml.within("launchTemplate", |xml| show(xml, call, &name, &template))))
}

/// The template of this id or name.
pub(super) fn find(call: &Call<'_>, id: Option<&str>, name: Option<&str>) -> Result<(String, Template), Fault> {
    let is = |(known, template): &(String, Template)| Some(template.id.as_str()) == id || Some(known.as_str()) == name;
    here(call).into_iter().find(is).ok_or_else(absent)
}

fn here(call: &Call<'_>) -> Vec<(String, Template)> {
    let kept = call.ec2.memory.lock();
    let here = kept.templates.iter().filter(|((region, _), _)| region == call.region);
    here.map(|((_, name), template)| (name.clone(), template.clone())).collect()
}

fn absent() -> Fault {
    let words = "At least one of the launch templates specified in the request does not exist.";
    Fault::absent("InvalidLaunchTemplateName.NotFoundException", words)
}

fn show(xml: &mut Xml, call: &Call<'_>, name: &str, template: &Template) {
    xml.leaf("launchTemplateId", &template.id);
    xml.leaf("launchTemplateName", name);
    xml.leaf("createTime", &template.created);
    xml.leaf("createdBy", format!("arn:aws:iam::{}:user/sky", call.ec2.account()));
    xml.leaf("defaultVersionNumber", 1);
    xml.leaf("latestVersionNumber", 1);
}
