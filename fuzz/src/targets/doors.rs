//! What tools, programs and browsers send to the doors of a gateway, read as the doors read it: TAXII, the API, MISP's
//! REST interface, sign-in.
//!
//! An input with several parts has a zero byte between them.

use super::split;
use comity_exchange::collect::Tags;
use comity_exchange::ports::Stream;
use comity_gateway::api::v1::order;
use comity_gateway::signin::given::Given as Shown;
use comity_gateway::signin::openid::id_token::{Expected, claims};
use comity_gateway::signin::openid::jws::Keys;
use comity_gateway::signin::openid::person::person;
use comity_gateway::signin::openid::{Endpoints, OpenIdSettings};
use comity_gateway::signin::{TrustedProxies, browser, cookies, given};
use comity_gateway::taxii::envelope::Envelope;
use comity_gateway::taxii::media;
use comity_gateway::taxii::query::Query;
use comity_gateway::work::collections::Given;
use comity_minimise::{Bundle, Limits};
use comity_misp::rest::{self, Search, SightingSearch};
use comity_terms::Timestamp;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderName};
use http::{HeaderMap, HeaderValue};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// The query of a TAXII URL: what it asks for is a page within the bound, of one version at least; what is asked for
/// twice is refused.
pub fn taxii_query(data: &[u8]) {
    let Ok(raw) = std::str::from_utf8(data) else { return };
    let query = match Query::read(Some(raw)) {
        Ok(query) => query,
        Err(refusal) => return assert_eq!(refusal.status().as_u16(), 400),
    };
    let mut seen = HashSet::new();
    for key in raw.split('&').filter_map(|pair| pair.split('=').next()) {
        let counts = ["limit", "next", "added_after", "match[type]", "match[id]", "match[version]"];
        assert!(!counts.contains(&key) || seen.insert(key), "`{key}` counts twice");
    }
    let stream = Stream {
        agreement: "a-pact".parse().expect("a slug"),
        partner: "FI".parse().expect("a party"),
        activity: "threat_intel".parse().expect("an activity"),
        purpose: "cyber_defence".parse().expect("a purpose"),
    };
    if let Some(wanted) = query.wanted(stream, &Tags::new([7; 32]), 100) {
        assert!((1..=100).contains(&wanted.limit));
        assert!(!wanted.versions.is_empty());
    }
}

/// `Accept` and `Content-Type`, a line each.
pub fn taxii_media(data: &[u8]) {
    let lines = || data.split(|byte| *byte == b'\n');
    let _ = media::accepted(&headers(ACCEPT, lines()));
    let sent = headers(CONTENT_TYPE, lines());
    if media::sent(&sent).is_ok() {
        assert_eq!(sent.len(), 1, "one body has one type");
    }
}

/// The body of a TAXII POST: its objects, each a piece of it, and what is said of each.
pub fn taxii_envelope(data: &[u8]) {
    let envelope = match Envelope::read(data) {
        Ok(envelope) => envelope,
        Err(refusal) => return assert!([400, 422].contains(&refusal.status().as_u16())),
    };
    assert!(!envelope.objects.is_empty());
    assert!(envelope.objects.iter().map(|raw| raw.get().len()).sum::<usize>() < data.len());
    let given: Vec<Given<'_>> =
        envelope.objects.iter().enumerate().map(|(place, raw)| Given::read(place, raw)).collect();
    let bundle = comity_minimise::bundle_bytes(
        "bundle--00000000-0000-4000-8000-000000000001",
        envelope.objects.iter().map(|raw| raw.get().as_bytes()),
    );
    let bundle = Bundle::parse(&bundle, &ROOMY).expect("objects that read are a bundle");
    // What is of STIX 2.0 may become several, and an observable of it that is there already is the same; what is refused is told
    // by its place.
    let ids: HashSet<_> = given.iter().map(|given| &given.id).collect();
    assert!(bundle.objects().len() + bundle.rejected().len() >= ids.len(), "one is lost");
    assert!(bundle.rejected().iter().all(|rejected| rejected.index < given.len()), "refused at no place");
}

/// The body of a share: its bundle is JSON, its words are words of ours, and the officer is who signed in.
pub fn order(data: &[u8]) {
    let Ok(order) = order::read(data, "ana") else { return };
    assert_eq!(order.officer, "ana");
    assert!(!order.assume_in_force && order.added.is_none());
    serde_json::from_slice::<&serde_json::value::RawValue>(&order.bundle).expect("JSON");
    let keys: HashSet<_> = order.facts.iter().map(|(key, _)| key).collect();
    assert_eq!(keys.len(), order.facts.len(), "a fact is stated once");
}

/// What MISP's REST interface is asked: `{"request":…,"events":[…]}`, a search and the events that it is asked of; the
/// same as an offer of events, and as a search for sightings; as a sighting, which becomes a bundle that reads, and `sightings` that
/// a server offers.
pub fn misp_request(data: &[u8]) {
    let Ok(document) = serde_json::from_slice::<Value>(data) else { return };
    let now: Timestamp = "2026-05-01T12:00:00Z".parse().expect("an instant");
    let asked = document.get("request").unwrap_or(&document);
    let events = document["events"].as_array().cloned().unwrap_or_default();
    for event in &events {
        let _ = (rest::index_entry(event), rest::pointed(event));
    }
    if let Ok(search) = Search::read(asked, now) {
        let count = events.len();
        let found = search.events(events.clone());
        assert!(found.len() <= count && (search.limit == 0 || found.len() <= search.limit));
        assert!(
            search.uuids.is_empty()
                || found.iter().all(|event| search.uuids.iter().any(|uuid| event["uuid"] == uuid.as_str())),
            "an event that was not asked for"
        );
        let attributes = search.attributes(events.clone());
        assert!(search.limit == 0 || attributes.len() <= search.limit);
    }
    if let Ok(wanted) = rest::wanted(&document["events"], &HashMap::new()) {
        assert!(wanted.len() <= events.len());
    }
    for context in [None, Some("event"), Some("attribute")] {
        if let Ok(search) = SightingSearch::read(context, asked, now) {
            for told in search.of(&events) {
                let of = &told["Sighting"]["event_uuid"];
                assert!(
                    search.events.is_empty() || search.events.iter().any(|uuid| *of == **uuid),
                    "a sighting of an event that was not asked for"
                );
            }
        }
    }
    if let Ok(offered) = rest::offered(&document["sightings"]) {
        let of = |one: &rest::OfferedSighting| {
            (
                one.attribute.clone(),
                json!({ "type": "indicator", "id": format!("indicator--{}", one.attribute) }),
            )
        };
        if let Ok((bundle, ids)) = rest::sightings(&offered, &offered.iter().map(of).collect()) {
            assert_eq!(ids.len(), offered.len(), "each is one object");
            let bytes = bundle.to_string();
            let read = Bundle::parse(bytes.as_bytes(), &Limits::default()).expect("a bundle");
            if let Some(rejected) = read.rejected().first() {
                panic!("an offered sighting that does not read: {rejected}");
            }
        }
    }
    let of = json!({ "type": "indicator", "id": "indicator--00000000-0000-4000-8000-000000000001" });
    if let Ok(bundle) = rest::sighting(asked, &of, now) {
        let bytes = bundle.to_string();
        let read = Bundle::parse(bytes.as_bytes(), &Limits::default()).expect("a sighting is a bundle");
        if let Some(rejected) = read.rejected().first() {
            panic!("a sighting that does not read: {rejected}");
        }
    }
}

/// `Authorization`, `Cookie` and `X-Forwarded-For`, each with every line of the input: who shows a password shows a name,
/// and nothing that is read is longer than it may be.
pub fn credentials(data: &[u8]) {
    let lines = || data.split(|byte| *byte == b'\n');
    match given::read(&headers(AUTHORIZATION, lines())) {
        Ok(Shown::Password { name, password }) => {
            assert!((1..=256).contains(&name.len()) && !name.contains(':'));
            assert!(password.len() <= 1_024);
            assert!(!name.chars().chain(password.chars()).any(char::is_control));
        }
        Ok(Shown::Token(token)) => assert!((1..=256).contains(&token.len()) && token.is_ascii()),
        Ok(Shown::Nothing) => assert_eq!(headers(AUTHORIZATION, lines()).len(), 0),
        Err(denied) => assert_eq!(denied.status().as_u16(), 401),
    }
    let shown = headers(COOKIE, lines());
    if let Some(value) = cookies::read(&shown, cookies::SESSION) {
        assert!(value.len() <= 64 && !value.contains(';'));
    }
    let proxies: TrustedProxies = serde_json::from_value(json!(["10.0.0.1"])).expect("addresses");
    let hops = headers(HeaderName::from_static("x-forwarded-for"), lines());
    let [proxy, stranger] = ["10.0.0.1", "192.0.2.1"].map(|text| text.parse().expect("an address"));
    let _ = proxies.client(proxy, &hops);
    assert_eq!(proxies.client(stranger, &hops), stranger, "a stranger says who they are");
}

/// The query that a browser brings: where it goes on lies in this gateway, and what counts is there once.
pub fn callback(data: &[u8]) {
    let Ok(query) = std::str::from_utf8(data) else { return };
    if let Some(path) = browser::back(query) {
        assert!(path.starts_with('/') && !path.starts_with("//") && !path.contains('\\'));
        let location = HeaderValue::from_str(&path).expect("a header's value");
        assert!(location.to_str().is_ok_and(|text| !text.contains(char::is_whitespace)));
    }
    if let Some(answer) = browser::Answer::read(query) {
        assert!(answer.state.len() <= 4_096);
        let keys = query.split('&').map(|pair| pair.split('=').next());
        assert!(keys.filter(|key| *key == Some("state")).count() <= 1, "which of two states?");
    }
}

/// What a provider tells of itself: every address is one that a secret may be sent to.
pub fn provider(data: &[u8]) {
    let Ok(endpoints) = Endpoints::read(data, ISSUER) else { return };
    let Endpoints { authorization, token, keys, end_session } = endpoints;
    for address in [Some(authorization), Some(token), Some(keys), end_session].into_iter().flatten() {
        let host = address.host().expect("a host");
        let ip = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
        let here = ip.map_or(host == "localhost", |ip| ip.is_loopback());
        assert!(address.scheme_str() == Some("https") || here, "{address} is in the clear");
        assert!(!address.authority().expect("an authority").as_str().contains('@'), "{address}");
    }
}

/// A JWK set and a token: what a key has signed is a token that it could have signed, of three parts.
pub fn signature(data: &[u8]) {
    let (set, token) = split(data);
    let (Some(keys), Ok(token)) = (Keys::read(set), std::str::from_utf8(token)) else { return };
    let may = keys.may_verify(token);
    if keys.verified(token).is_ok() {
        assert!(may && token.split('.').count() == 3);
    }
}

/// The claims of a token whose signature counts: who is signed in was named by the issuer, for this client and this
/// sign-in, and is an officer whose role is one here.
pub fn id_token(data: &[u8]) {
    let [begun, now] =
        ["2026-11-26T10:00:00Z", "2026-11-26T10:01:00Z"].map(|at| at.parse().expect("an instant"));
    let expected = Expected { issuer: ISSUER, client_id: "comity", nonce: "n-1", begun };
    let Ok((subject, all)) = claims(data, &expected, now) else { return };
    assert!((1..=255).contains(&subject.len()));
    assert_eq!((&all["iss"], &all["nonce"], &all["sub"]), (&json!(ISSUER), &json!("n-1"), &json!(subject)));
    assert!(
        all["aud"] == "comity" || all["aud"].as_array().is_some_and(|all| all.contains(&json!("comity")))
    );
    if let Ok(person) = person(&all, &SETTINGS) {
        assert_eq!(person.role, "analyst");
        assert!((1..=256).contains(&person.name.len()) && !person.name.contains([':', '\n', '\0']));
    }
}

/// As many objects as an input can have.
const ROOMY: Limits = Limits { bytes_max: 1 << 20, objects_max: 1 << 16, string_length_max: 1 << 20 };

const ISSUER: &str = "https://id.example";

static SETTINGS: LazyLock<OpenIdSettings> = LazyLock::new(|| {
    let settings = json!({
        "issuer": ISSUER, "client_id": "comity", "public_url": "https://gateway.example",
        "name_claim": "preferred_username", "role_claim": "groups", "unit_claim": "unit", "training_claim": "training",
        "roles": [{ "value": "cti", "role": "analyst" }],
    });
    serde_json::from_value(settings).expect("settings")
});

/// Lines as values of one header; a line that HTTP does not carry is left out.
fn headers<'l>(name: HeaderName, lines: impl Iterator<Item = &'l [u8]>) -> HeaderMap {
    let values = lines.filter(|line| !line.is_empty()).filter_map(|line| HeaderValue::from_bytes(line).ok());
    values.map(|value| (name.clone(), value)).collect()
}
