//! Which attribute a property of STIX is, of whoever wrote it.

use crate::kinds::hash_type;

/// Type, relation in an object, category.
pub(super) type Said = (&'static str, &'static str, &'static str);

const NETWORK: &str = "Network activity";
const DELIVERY: &str = "Payload delivery";
const OTHER: &str = "Other";

const TABLE: [(&str, Said); 33] = [
    ("domain-name:value", ("domain", "domain", NETWORK)),
    ("domain-name:resolves_to_refs[*].value", ("ip-dst", "ip", NETWORK)),
    ("ipv4-addr:value", ("ip-dst", "ip", NETWORK)),
    ("ipv6-addr:value", ("ip-dst", "ip", NETWORK)),
    ("url:value", ("url", "url", NETWORK)),
    ("mac-addr:value", ("mac-address", "mac-address", NETWORK)),
    ("autonomous-system:number", ("AS", "asn", NETWORK)),
    ("network-traffic:src_ref.value", ("ip-src", "ip-src", NETWORK)),
    ("network-traffic:dst_ref.value", ("ip-dst", "ip-dst", NETWORK)),
    ("network-traffic:src_port", ("port", "src-port", NETWORK)),
    ("network-traffic:dst_port", ("port", "dst-port", NETWORK)),
    ("email-addr:value", ("email", "email", DELIVERY)),
    ("email-message:from_ref.value", ("email-src", "from", DELIVERY)),
    ("email-message:sender_ref.value", ("email-src", "from", DELIVERY)),
    ("email-message:to_refs[*].value", ("email-dst", "to", DELIVERY)),
    ("email-message:cc_refs[*].value", ("email-dst", "cc", DELIVERY)),
    ("email-message:subject", ("email-subject", "subject", DELIVERY)),
    ("email-message:body", ("email-body", "email-body", DELIVERY)),
    ("email-message:message_id", ("email-message-id", "message-id", DELIVERY)),
    ("email-message:received_lines[*]", ("email-header", "header", DELIVERY)),
    ("file:name", ("filename", "filename", DELIVERY)),
    ("file:mime_type", ("mime-type", "mimetype", DELIVERY)),
    ("file:size", ("size-in-bytes", "size-in-bytes", OTHER)),
    ("mutex:name", ("mutex", "name", "Artifacts dropped")),
    ("windows-registry-key:key", ("regkey", "key", "Persistence mechanism")),
    ("user-account:user_id", ("text", "user-id", OTHER)),
    ("user-account:account_login", ("text", "username", OTHER)),
    ("user-account:display_name", ("text", "display-name", OTHER)),
    ("user-account:account_type", ("text", "account-type", OTHER)),
    ("process:command_line", ("text", "command-line", OTHER)),
    ("process:pid", ("text", "pid", OTHER)),
    ("directory:path", ("text", "path", OTHER)),
    ("software:name", ("text", "name", OTHER)),
];

/// The attribute at a path as patterns write it; `None` where MISP has no type of its own for it.
pub(super) fn said(path: &str) -> Option<Said> {
    let plain = path.replace('\'', "");
    if let Some((_, found)) = TABLE.iter().find(|(known, _)| *known == plain) {
        return Some(*found);
    }
    if let Some(name) = plain.strip_prefix("file:hashes.") {
        let kind = hash_type(&canonical(name))?;
        return Some((kind, kind, DELIVERY));
    }
    let name = plain.strip_prefix("x509-certificate:hashes.")?;
    let kind = match hash_type(&canonical(name))? {
        "md5" => "x509-fingerprint-md5",
        "sha1" => "x509-fingerprint-sha1",
        "sha256" => "x509-fingerprint-sha256",
        _ => return None,
    };
    Some((kind, kind, NETWORK))
}

/// A hash's name as the open vocabulary writes it: patterns of others say `SHA1` and `sha256`.
fn canonical(name: &str) -> String {
    let upper = name.to_ascii_uppercase();
    match upper.as_str() {
        "SHA1" => "SHA-1".to_owned(),
        "SHA256" => "SHA-256".to_owned(),
        "SHA512" => "SHA-512".to_owned(),
        _ => upper,
    }
}

/// The template and meta-category of the object that an observable of that type becomes.
pub(super) fn template(kind: &str) -> (&'static str, &'static str) {
    match kind {
        "file" | "artifact" => ("file", "file"),
        "directory" => ("directory", "file"),
        "network-traffic" => ("network-connection", "network"),
        "domain-name" | "ipv4-addr" | "ipv6-addr" => ("domain-ip", "network"),
        "email-message" | "email-addr" => ("email", "network"),
        "url" => ("url", "network"),
        "autonomous-system" => ("asn", "network"),
        "user-account" => ("user-account", "misc"),
        "process" => ("process", "misc"),
        "software" => ("software", "misc"),
        "windows-registry-key" => ("registry-key", "file"),
        "x509-certificate" => ("x509", "network"),
        _ => ("annotation", "misc"),
    }
}
