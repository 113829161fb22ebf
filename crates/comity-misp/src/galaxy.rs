//! Galaxies: which STIX domain object says what a cluster says.

/// The STIX type for a galaxy's type; `None` where STIX has none, and the cluster stays a tag.
pub(crate) fn stix_type(galaxy: &str) -> Option<&'static str> {
    let named = |words: &[&str]| words.iter().any(|word| galaxy.contains(word));
    Some(match galaxy {
        "threat-actor" | "microsoft-activity-group" | "360net-threat-actor" => "threat-actor",
        "tool" | "mitre-tool" | "exploit-kit" | "tds" => "tool",
        "branded-vulnerability" => "vulnerability",
        "sector" | "target-information" => "identity",
        "campaign" => "campaign",
        "rat" | "banker" | "stealer" | "cryptominers" => "malware",
        _ if galaxy.starts_with("stix-2.1-") => stix_named(galaxy.trim_start_matches("stix-2.1-"))?,
        _ if named(&["attack-pattern"]) => "attack-pattern",
        _ if named(&["course-of-action"]) => "course-of-action",
        _ if named(&["intrusion-set"]) => "intrusion-set",
        _ if named(&["campaign"]) => "campaign",
        _ if named(&["mitre-tool", "mobile-attack-tool", "enterprise-attack-tool"]) => "tool",
        _ if named(&["malware", "ransomware", "backdoor", "botnet", "malpedia"]) => "malware",
        _ => return None,
    })
}

fn stix_named(kind: &str) -> Option<&'static str> {
    KINDS.into_iter().find(|known| *known == kind)
}

/// The STIX types that come to MISP as clusters, of whoever wrote them.
pub(crate) const KINDS: [&str; 8] = [
    "attack-pattern",
    "campaign",
    "course-of-action",
    "infrastructure",
    "intrusion-set",
    "malware",
    "threat-actor",
    "tool",
];

/// The tag by which MISP attaches a cluster.
pub(crate) fn tag(galaxy: &str, value: &str) -> String {
    format!("misp-galaxy:{galaxy}=\"{value}\"")
}

/// Galaxy type and cluster of such a tag.
pub(crate) fn from_tag(tag: &str) -> Option<(&str, &str)> {
    let (galaxy, value) = tag.strip_prefix("misp-galaxy:")?.split_once("=\"")?;
    Some((galaxy, value.strip_suffix('"')?))
}

/// Whether objects of that STIX type have `aliases`.
pub(crate) fn has_aliases(stix_type: &str) -> bool {
    matches!(
        stix_type,
        "attack-pattern"
            | "campaign"
            | "infrastructure"
            | "intrusion-set"
            | "malware"
            | "threat-actor"
            | "tool"
    )
}

/// Whether objects of that STIX type have `kill_chain_phases`.
pub(crate) fn has_phases(stix_type: &str) -> bool {
    matches!(stix_type, "attack-pattern" | "infrastructure" | "malware" | "tool")
}
