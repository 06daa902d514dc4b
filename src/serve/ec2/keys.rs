//! Key pairs. Only imported ones: a private key that came from here would open nothing.
//!
//! **Invariant:** a name has one key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::fault::Fault;
use super::form::{admits, seen_tags};
use super::memory::KeyPair;
use super::{Call, Done, id_of};

/// The error for a key that is not there.
pub(super) fn absent(name: &str) -> Fault {
    Fault::absent("InvalidKeyPair.NotFound", format!("The key pair '{name}' does not exist"))
}

fn id(call: &Call<'_>, name: &str) -> String {
    id_of("key", &[call.region, name])
}

/// `ImportKeyPair`
pub(super) fn import(call: &Call<'_>) -> Done {
    let name = call.form.need("KeyName")?;
    let bad = || Fault::new(400, "InvalidKey.Format", "Key is not in valid OpenSSH public key format");
    let text = STANDARD.decode(call.form.need("PublicKeyMaterial")?).map_err(|_| bad())?;
    let text = String::from_utf8(text).map_err(|_| bad())?;
    let mut parts = text.split_whitespace();
    let (kind, blob) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let blob = STANDARD.decode(blob).ok().filter(|blob| !blob.is_empty()).ok_or_else(bad)?;
    if !["ssh-ed25519", "ssh-rsa"].contains(&kind) {
        return Err(bad());
    }
    call.dry_run()?;
    let key = KeyPair {
        public_key: text.trim().to_owned(),
        fingerprint: super::sigv4::hash(&blob),
        tags: call.form.tags_for("key-pair"),
        created: call.ec2.site.clock().rfc3339(call.ec2.site.clock().now()),
    };
    let mut kept = call.ec2.memory.lock();
    let entry = kept.keys.entry((call.region.to_owned(), name.to_owned()));
    let std::collections::btree_map::Entry::Vacant(free) = entry else {
        let words = format!("The keypair '{name}' already exists.");
        return Err(Fault::new(400, "InvalidKeyPair.Duplicate", words));
    };
    let key = free.insert(key).clone();
    drop(kept);
    Ok(call.answer(|xml| {
        xml.leaf("keyName", name);
        xml.leaf("keyFingerprint", &key.fingerprint);
        xml.leaf("keyPairId", id(call, name));
        xml.tags(&key.tags);
    }))
}

/// `DeleteKeyPair`; one that is not there is deleted already.
pub(super) fn delete(call: &Call<'_>) -> Done {
    call.dry_run()?;
    let mut kept = call.ec2.memory.lock();
    if let Some(name) = call.form.get("KeyName") {
        kept.keys.remove(&(call.region.to_owned(), name.to_owned()));
    } else {
        let wanted = call.form.need("KeyPairId")?;
        kept.keys.retain(|(region, name), _| region != call.region || id(call, name) != wanted);
    }
    drop(kept);
    Ok(call.done())
}

/// `DescribeKeyPairs`
pub(super) fn describe(call: &Call<'_>) -> Done {
    let (names, ids) = (call.form.list("KeyName"), call.form.list("KeyPairId"));
    let kept = call.ec2.memory.lock();
    let here = kept.keys.iter().filter(|((region, _), _)| region == call.region);
    let here: Vec<(String, KeyPair)> = here.map(|((_, name), key)| (name.clone(), key.clone())).collect();
    drop(kept);
    if let Some(name) = names.iter().find(|name| !here.iter().any(|(known, _)| known == *name)) {
        return Err(absent(name));
    }
    let filters = call.form.filters();
    let mut found = Vec::new();
    for (name, key) in here {
        let passes = admits(&filters, |filter| match filter {
            "key-name" => Some(vec![name.clone()]),
            "key-pair-id" => Some(vec![id(call, &name)]),
            "fingerprint" => Some(vec![key.fingerprint.clone()]),
            other => seen_tags(&key.tags, other),
        })?;
        let named = (names.is_empty() || names.contains(&name)) && (ids.is_empty() || ids.contains(&id(call, &name)));
        if passes && named {
            found.push((name, key));
        }
    }
    Ok(call.answer(|xml| {
        xml.items("keySet", &found, |xml, (name, key)| {
            xml.leaf("keyPairId", id(call, name));
            xml.leaf("keyName", name);
            xml.leaf("keyFingerprint", &key.fingerprint);
            xml.leaf("keyType", if key.public_key.starts_with("ssh-rsa") { "rsa" } else { "ed25519" });
            xml.leaf("createTime", &key.created);
            xml.tags(&key.tags);
        });
    }))
}
