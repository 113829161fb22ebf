//! A bundle like those that are shared: indicators with their addresses, victims, and the relationships between.

use comity_terms::Digest;
use std::fmt::Write as _;

/// How the ids of a bundle lie beside each other.
#[derive(Clone, Copy)]
pub(crate) enum Ids {
    /// Version 4, as STIX asks (2.1, section 2.9): a table keyed by id is written all over.
    Drawn,
    /// One after the other: a table keyed by id is written at its right edge alone.
    Numbered,
}

/// STIX 2.1 with `objects` objects. Each `round` has its own ids, so that a row is inserted and never replaced.
pub(crate) fn generated(objects: usize, round: usize, ids: Ids) -> String {
    let mut out =
        String::from(r#"{"type":"bundle","id":"bundle--00000000-0000-4000-8000-000000000000","objects":["#);
    for number in 0..objects {
        if number > 0 {
            out.push(',');
        }
        let id = |kind: &str, number: usize| match ids {
            Ids::Drawn => {
                let Digest(drawn) =
                    Digest::of_parts("comity-bench/id", &[&round.to_be_bytes(), &number.to_be_bytes()]);
                let drawn = std::array::from_fn(|byte| drawn[byte]);
                format!("{kind}--{}", uuid::Builder::from_random_bytes(drawn).into_uuid())
            }
            Ids::Numbered => format!("{kind}--{:08x}-0000-4000-8000-{number:012x}", round + 1),
        };
        let times = r#""spec_version":"2.1","created":"2026-01-01T00:00:00.000Z","modified":"2026-01-01T00:00:00.000Z""#;
        let (high, low) = (number / 250 % 250, number % 250);
        // In tens: five indicators, two relationships, a malware, a victim's mailbox, a victim.
        let _ = match number % 10 {
            0..=4 => write!(
                out,
                r#"{{"type":"indicator","id":"{}",{times},"name":"C2 {number}","description":"Beacons every minute to a server of the campaign.","pattern":"[ipv4-addr:value = '198.51.{high}.{low}']","pattern_type":"stix","valid_from":"2026-01-01T00:00:00Z","indicator_types":["malicious-activity"]}}"#,
                id("indicator", number)
            ),
            5 | 6 => write!(
                out,
                r#"{{"type":"relationship","id":"{}",{times},"relationship_type":"indicates","source_ref":"{}","target_ref":"{}"}}"#,
                id("relationship", number),
                id("indicator", number - 5),
                id("malware", number - number % 10 + 7)
            ),
            7 => write!(
                out,
                r#"{{"type":"malware","id":"{}",{times},"name":"Loader {number}","is_family":false,"malware_types":["trojan"]}}"#,
                id("malware", number)
            ),
            8 => write!(
                out,
                r#"{{"type":"email-addr","id":"{}","spec_version":"2.1","value":"person{number}@example.org","display_name":"Person {number}"}}"#,
                id("email-addr", number)
            ),
            _ => write!(
                out,
                r#"{{"type":"identity","id":"{}",{times},"name":"Person {number}","identity_class":"individual","sectors":["energy"]}}"#,
                id("identity", number)
            ),
        };
    }
    out.push_str("]}");
    out
}
