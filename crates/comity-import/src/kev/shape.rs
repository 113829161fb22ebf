//! The shape of the KEV catalogue. Source: CISA's JSON schema of the catalogue.

use crate::id::cve;
use crate::shape::{Kind, Many, Part, Parts, may, must};
use crate::time;

const DAY: Kind = Kind::Form(|text| time::from_date(text).is_some(), "is no day (YYYY-MM-DD)");

const WEAKNESS: Kind = Kind::Form(
    |text| text.strip_prefix("CWE-").is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit())),
    "is no CWE id",
);

/// The catalogue.
pub(super) const CATALOGUE: Kind = Kind::Parts(&Parts {
    some: true,
    joined: false,
    parts: &[
        may("title", Kind::Any),
        must("catalogVersion", Kind::Text),
        must(
            "dateReleased",
            Kind::Form(|text| text.parse::<jiff::Timestamp>().is_ok(), "is no time with its zone (RFC 3339)"),
        ),
        must("count", Kind::Whole(0, i64::MAX)),
        must(
            "vulnerabilities",
            Kind::Many(&Many {
                of: Kind::Parts(&Parts { parts: VULNERABILITY, some: true, joined: false }),
                once: false,
                none: true,
                alone: false,
            }),
        ),
    ],
});

const VULNERABILITY: &[Part] = &[
    must("cveID", Kind::Form(|text| cve(text).as_deref() == Some(text), "is no CVE id")),
    must("vendorProject", Kind::Text),
    must("product", Kind::Text),
    must("vulnerabilityName", Kind::Text),
    must("dateAdded", DAY),
    must("shortDescription", Kind::Text),
    must("requiredAction", Kind::Text),
    must("dueDate", DAY),
    may("knownRansomwareCampaignUse", Kind::Word(|word| matches!(word, "Known" | "Unknown"))),
    may("notes", Kind::Any),
    may("cwes", Kind::Many(&Many { of: WEAKNESS, once: false, none: true, alone: false })),
];
