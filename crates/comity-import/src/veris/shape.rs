//! The shape of a VERIS incident: 1.4.1, and what 1.3 had otherwise.
//!
//! What a version before asked for and this one does not is not asked for, nor what came later: `summary`, the cloud
//! and the government of 1.4. Source: the VERIS community schema; its words are in `words.txt`.

use super::words::is;
use crate::shape::{Kind, Many, Part, Parts, may, must};

macro_rules! word {
    ($place:literal) => {
        Kind::Word(|word| is($place, word))
    };
}

macro_rules! words {
    ($place:literal) => {
        Kind::Many(&Many { of: word!($place), once: true, none: false, alone: false })
    };
}

/// A list that 1.3 wrote as one word.
macro_rules! once_a_word {
    ($of:expr) => {
        Kind::Many(&Many { of: $of, once: true, none: false, alone: true })
    };
}

macro_rules! parts {
    ($($part:expr),* $(,)?) => {
        Kind::Parts(&Parts { some: true, joined: false, parts: &[$($part),*] })
    };
}

/// Parts that say one thing together.
macro_rules! joined {
    ($($part:expr),* $(,)?) => {
        Kind::Parts(&Parts { some: true, joined: true, parts: &[$($part),*] })
    };
}

const AMOUNT: Kind = Kind::Whole(0, i64::MAX);
const TEXTS: Kind = Kind::Many(&Many { of: Kind::Any, once: true, none: true, alone: true });
const COUNTRY: Kind = Kind::Many(&Many { of: CODE, once: true, none: false, alone: false });
const CODE: Kind =
    Kind::Form(|text| is_country(text) || text == "Unknown" || text == "Other", "is no country code");
const REGION: Kind = once_a_word!(Kind::Form(
    |text| text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit()),
    "is no region of six digits"
));
const INDUSTRY: Kind = Kind::Form(
    |text| (2..=6).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-'),
    "is no NAICS code of two to six digits",
);
const CURRENCY: Kind = Kind::Form(
    |text| (3..=8).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphabetic()),
    "is no currency code",
);
const VERSION: Kind = Kind::Form(
    |text| !text.is_empty() && text.len() <= 16 && text.bytes().all(|b| b.is_ascii_digit() || b == b'.'),
    "is no version",
);
const CLOCK: Kind = Kind::Form(
    |text| {
        let clock = text.strip_suffix(" AM").or_else(|| text.strip_suffix(" PM")).unwrap_or(text);
        let two = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        (2..=3).contains(&clock.split(':').count()) && clock.split(':').all(two)
    },
    "is no time of day",
);

/// Whether a text is a country as VERIS writes one (ISO 3166-1 alpha-2).
pub(super) fn is_country(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

macro_rules! lasting {
    () => {
        joined!(must("unit", word!("unit")), may("value", Kind::Number))
    };
}

macro_rules! action {
    ($variety:literal, $vector:literal $(, $more:expr)*) => {
        parts!(
            must("variety", words!($variety)),
            must("vector", words!($vector)),
            may("result", words!("action.result")),
            may("notes", Kind::Text),
            $($more),*
        )
    };
}

macro_rules! found_by {
    ($place:literal) => {
        parts!(must("variety", words!($place)))
    };
}

macro_rules! invested {
    ($place:literal) => {
        parts!(must("variety", words!($place)), may("notes", Kind::Text))
    };
}

const UNKNOWN: Kind = Kind::Parts(&Parts {
    some: false,
    joined: false,
    parts: &[may("notes", Kind::Text), may("result", words!("action.result"))],
});

/// An incident.
pub(super) static INCIDENT: Parts = Parts { some: true, joined: false, parts: INCIDENT_PARTS };

const INCIDENT_PARTS: &[Part] = &[
    must(
        "incident_id",
        Kind::Form(|text| (1..=256).contains(&text.len()), "is empty or longer than 256 bytes"),
    ),
    must("security_incident", word!("security_incident")),
    must("schema_version", VERSION),
    may("schema_name", Kind::Any),
    may("source_id", Kind::Any),
    may("reference", Kind::Any),
    may("summary", Kind::Any),
    may("campaign_id", Kind::Any),
    may("confidence", word!("confidence")),
    must("timeline", TIMELINE),
    may("victim", VICTIM),
    must("action", ACTION),
    must("actor", ACTOR),
    must("asset", ASSET),
    may("attribute", ATTRIBUTE),
    may("targeted", word!("targeted")),
    may("discovery_method", DISCOVERY),
    may("discovery_notes", Kind::Text),
    may("value_chain", VALUE_CHAIN),
    may("impact", IMPACT),
    may("notes", Kind::Text),
    may("corrective_action", Kind::Any),
    may("cost_corrective_action", word!("cost_corrective_action")),
    may("control_failure", Kind::Any),
    may("ioc", IOC),
    may(
        "plus",
        Kind::Open(&[may("created", Kind::Any), may("modified", Kind::Any), may("master_id", Kind::Any)]),
    ),
    may("extra", Kind::Open(&[])),
    may("subsets", Kind::Open(&[])),
];

const TIMELINE: Kind = parts!(
    must(
        "incident",
        parts!(
            must("year", Kind::Whole(1950, 2050)),
            may("month", Kind::Whole(1, 12)),
            may("day", Kind::Whole(1, 31)),
            may("time", CLOCK),
        )
    ),
    may("compromise", lasting!()),
    may("exfiltration", lasting!()),
    may("discovery", lasting!()),
    may("containment", lasting!()),
);

const VICTIM: Kind = parts!(
    may("victim_id", Kind::Any),
    must("employee_count", word!("victim.employee_count")),
    must("industry", INDUSTRY),
    may("government", words!("victim.government")),
    may("locations_affected", AMOUNT),
    must("country", COUNTRY),
    may("region", REGION),
    may("state", Kind::Any),
    may("notes", Kind::Text),
    may("secondary", parts!(may("amount", AMOUNT), may("notes", Kind::Text), may("victim_id", TEXTS))),
    may("revenue", joined!(may("amount", AMOUNT), may("iso_currency_code", CURRENCY))),
);

const ACTION: Kind = parts!(
    may("hacking", action!("action.hacking.variety", "action.hacking.vector", may("cve", Kind::Any))),
    may(
        "malware",
        action!(
            "action.malware.variety",
            "action.malware.vector",
            may("cve", Kind::Any),
            may("name", Kind::Any)
        )
    ),
    may(
        "social",
        action!(
            "action.social.variety",
            "action.social.vector",
            must("target", words!("action.social.target"))
        )
    ),
    may("error", action!("action.error.variety", "action.error.vector")),
    may("misuse", action!("action.misuse.variety", "action.misuse.vector")),
    may(
        "physical",
        action!("action.physical.variety", "action.physical.vector", may("location", Kind::Former))
    ),
    may(
        "environmental",
        parts!(must("variety", words!("action.environmental.variety")), may("notes", Kind::Text))
    ),
    may("unknown", UNKNOWN).also("Unknown"),
);

const ACTOR: Kind = parts!(
    may(
        "external",
        parts!(
            must("variety", words!("actor.external.variety")),
            must("motive", words!("actor.motive")),
            may("country", COUNTRY),
            may("region", REGION),
            may("name", TEXTS),
            may("notes", Kind::Text),
        )
    ),
    may(
        "internal",
        parts!(
            must("variety", words!("actor.internal.variety")),
            must("motive", words!("actor.motive")),
            may("job_change", words!("actor.internal.job_change")),
            may("notes", Kind::Text),
        )
    ),
    may(
        "partner",
        parts!(
            must("motive", words!("actor.motive")),
            must("country", COUNTRY),
            may("region", REGION),
            may("industry", INDUSTRY),
            may("name", TEXTS),
            may("notes", Kind::Text),
        )
    ),
    may("unknown", UNKNOWN).also("Unknown"),
);

const ASSET: Kind = parts!(
    may("total_amount", Kind::Number),
    may(
        "assets",
        Kind::Many(&Many {
            of: joined!(must("variety", word!("asset.assets.variety")), may("amount", AMOUNT)),
            once: true,
            none: false,
            alone: false,
        })
    ),
    may("ownership", once_a_word!(word!("asset.ownership"))),
    may("cloud", once_a_word!(word!("asset.cloud"))),
    may("hosting", once_a_word!(word!("asset.hosting"))),
    may("management", once_a_word!(word!("asset.management"))),
    may("role", once_a_word!(word!("asset.role"))),
    may("country", once_a_word!(CODE)),
    may("notes", Kind::Text),
    may("accessibility", Kind::Former),
    may("governance", Kind::Former),
);

const ATTRIBUTE: Kind = parts!(
    may(
        "confidentiality",
        parts!(
            must("data_disclosure", word!("attribute.confidentiality.data_disclosure")),
            may("data_total", AMOUNT),
            may("data_volume", AMOUNT),
            may(
                "data",
                Kind::Many(&Many {
                    of: joined!(
                        must("variety", word!("attribute.confidentiality.data.variety")),
                        may("amount", AMOUNT)
                    ),
                    once: false,
                    none: false,
                    alone: false,
                })
            ),
            may("data_victim", words!("attribute.confidentiality.data_victim")),
            may("state", words!("attribute.confidentiality.state")),
            may("notes", Kind::Text),
        )
    ),
    may("integrity", invested!("attribute.integrity.variety")),
    may(
        "availability",
        parts!(
            must("variety", words!("attribute.availability.variety")),
            may("duration", lasting!()),
            may("notes", Kind::Text),
        )
    ),
    may("unknown", UNKNOWN).also("Unknown"),
);

const DISCOVERY: Kind = parts!(
    may("external", found_by!("discovery_method.external.variety")),
    may("internal", found_by!("discovery_method.internal.variety")),
    may("partner", found_by!("discovery_method.partner.variety")),
    may("other", Kind::Flag),
    may("unknown", Kind::Flag),
);

const VALUE_CHAIN: Kind = parts!(
    may("development", invested!("value_chain.development.variety")),
    may("non-distribution services", invested!("value_chain.non-distribution services.variety")),
    may("targeting", invested!("value_chain.targeting.variety")),
    may("distribution", invested!("value_chain.distribution.variety")),
    may("cash-out", invested!("value_chain.cash-out.variety")),
    may("money laundering", invested!("value_chain.money laundering.variety")),
    may("NA", Kind::Flag),
);

const IMPACT: Kind = parts!(
    must("overall_rating", word!("impact.overall_rating")),
    may("iso_currency_code", CURRENCY),
    may("overall_amount", Kind::Number),
    may("overall_min_amount", Kind::Number),
    may("overall_max_amount", Kind::Number),
    may(
        "loss",
        Kind::Many(&Many {
            of: joined!(
                must("variety", word!("impact.loss.variety")),
                may("rating", word!("impact.loss.rating")),
                may("amount", Kind::Number),
                may("min_amount", Kind::Number),
                may("max_amount", Kind::Number),
            ),
            once: false,
            none: false,
            alone: false,
        })
    ),
    may("notes", Kind::Text),
);

const IOC: Kind = Kind::Many(&Many {
    of: parts!(must("indicator", Kind::Text), may("comment", Kind::Any)),
    once: false,
    none: false,
    alone: false,
});
