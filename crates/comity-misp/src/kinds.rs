//! Types of attributes: what of STIX carries each.

/// What carries an attribute's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One property of one observable.
    Plain(&'static str, &'static str),
    /// An address, and the side of the traffic it is on.
    Address(&'static str),
    /// An address with a port.
    AddressPort(&'static str),
    /// A number of an autonomous system.
    System,
    /// A hash of that name, of a file or a certificate.
    Hash(&'static str, &'static str),
    /// A file's name and its hash of that name.
    NamedHash(&'static str),
    /// A domain and what it resolves to.
    DomainAddress,
    /// A host and a port.
    HostPort,
    /// A registry key with one value.
    RegistryValue,
    /// A text of a message.
    Mail(&'static str),
    /// A header of a message.
    MailHeader(&'static str),
    /// A received line of a message.
    MailReceived,
    /// An address in a message, under that property.
    MailAddress(&'static str),
    /// A file attached to a message.
    MailFile,
    /// A file with its bytes; a sample's name has its MD5 behind it, and its bytes are a zip locked with `infected`.
    File {
        /// Whether it is a sample.
        sample: bool,
    },
    /// An account: its kind, and the property that the value is.
    Account(&'static str, &'static str),
    /// What is said of a person, under that property of an identity.
    Person(&'static str),
    /// An organisation's name.
    Organisation,
    /// A pattern only: the path, and whether the value is a number.
    Pattern(&'static str, bool),
    /// A rule in that pattern language.
    Rule(&'static str),
    /// A domain object of that type, by its name.
    Named(&'static str),
    /// Nothing of STIX: a note.
    Note,
}

/// The name of a hash in STIX (hash-algorithm-ov, and MISP's names in capitals beyond it), and its length in hex
/// where it is one.
const HASHES: [(&str, &str, usize); 22] = [
    ("md5", "MD5", 32),
    ("sha1", "SHA-1", 40),
    ("sha224", "SHA224", 56),
    ("sha256", "SHA-256", 64),
    ("sha384", "SHA384", 96),
    ("sha512", "SHA-512", 128),
    ("sha512/224", "SHA512_224", 56),
    ("sha512/256", "SHA512_256", 64),
    ("sha3-224", "SHA3224", 56),
    ("sha3-256", "SHA3-256", 64),
    ("sha3-384", "SHA3384", 96),
    ("sha3-512", "SHA3-512", 128),
    ("ssdeep", "SSDEEP", 0),
    ("tlsh", "TLSH", 0),
    ("authentihash", "AUTHENTIHASH", 0),
    ("cdhash", "CDHASH", 0),
    ("imphash", "IMPHASH", 0),
    ("impfuzzy", "IMPFUZZY", 0),
    ("pehash", "PEHASH", 0),
    ("telfhash", "TELFHASH", 0),
    ("vhash", "VHASH", 0),
    ("x", "", 0),
];

fn hash(kind: &str) -> Option<&'static str> {
    HASHES.iter().find(|(known, name, _)| *known == kind && !name.is_empty()).map(|(_, name, _)| *name)
}

/// Whether a value has the form that the hash of that name asks for.
pub(crate) fn is_hash(name: &str, value: &str) -> bool {
    let length = HASHES.iter().find(|(_, known, _)| *known == name).map_or(0, |(.., length)| *length);
    match (name, length) {
        ("TLSH", _) => {
            value.len() == 70 && value.bytes().all(|b| b.is_ascii_hexdigit())
                || value.len() == 72 && value.starts_with("T1")
        }
        ("SSDEEP", _) => value.split(':').count() == 3 && value.split(':').next().is_some_and(is_number),
        (_, 0) => true,
        (_, length) => value.len() == length && value.bytes().all(|b| b.is_ascii_hexdigit()),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// The misp type for a hash name of STIX.
pub(crate) fn hash_type(name: &str) -> Option<&'static str> {
    HASHES.iter().find(|(_, known, _)| *known == name && !known.is_empty()).map(|(kind, ..)| *kind)
}

/// What carries an attribute of that type; in an object also its relation and the object's name speak, since an
/// object's attributes are often plain texts whose relation says that they are a password.
pub(crate) fn shape(kind: &str, relation: Option<&str>, object: Option<&str>) -> Shape {
    if let Some(name) = hash(kind) {
        return Shape::Hash("file", name);
    }
    if let Some(name) = kind.strip_prefix("filename|").and_then(hash) {
        return Shape::NamedHash(name);
    }
    if let Some(name) = kind.strip_prefix("x509-fingerprint-").and_then(hash) {
        return Shape::Hash("x509-certificate", name);
    }
    match kind {
        "domain" | "hostname" => Shape::Plain("domain-name", "value"),
        "url" | "uri" | "link" => Shape::Plain("url", "value"),
        "email" | "target-email" | "whois-registrant-email" | "dns-soa-email" => {
            Shape::Plain("email-addr", "value")
        }
        "mac-address" => Shape::Plain("mac-addr", "value"),
        "mutex" => Shape::Plain("mutex", "name"),
        "filename" => Shape::Plain("file", "name"),
        "regkey" => Shape::Plain("windows-registry-key", "key"),
        "ip-src" => Shape::Address("src"),
        "ip-dst" => Shape::Address("dst"),
        "ip-src|port" => Shape::AddressPort("src"),
        "ip-dst|port" => Shape::AddressPort("dst"),
        "AS" => Shape::System,
        "domain|ip" => Shape::DomainAddress,
        "hostname|port" => Shape::HostPort,
        "regkey|value" => Shape::RegistryValue,
        "email-subject" => Shape::Mail("subject"),
        "email-body" => Shape::Mail("body"),
        "email-message-id" => Shape::Mail("message_id"),
        "email-reply-to" => Shape::MailHeader("Reply-To"),
        "email-x-mailer" => Shape::MailHeader("X-Mailer"),
        "email-header" => Shape::MailReceived,
        "email-src" => Shape::MailAddress("from_ref"),
        "email-dst" => Shape::MailAddress("to_refs"),
        "email-attachment" => Shape::MailFile,
        "attachment" => Shape::File { sample: false },
        "malware-sample" => Shape::File { sample: true },
        "github-username" => Shape::Account("github", "account_login"),
        "twitter-id" => Shape::Account("twitter", "account_login"),
        "jabber-id" => Shape::Account("jabber", "account_login"),
        "eppn" => Shape::Account("eppn", "account_login"),
        "target-user" => Shape::Account("unknown", "account_login"),
        "email-src-display-name"
        | "email-dst-display-name"
        | "whois-registrant-name"
        | "first-name"
        | "middle-name"
        | "last-name"
        | "full-name" => Shape::Person("name"),
        "phone-number" | "whois-registrant-phone" => Shape::Person("contact_information"),
        "date-of-birth"
        | "place-of-birth"
        | "gender"
        | "nationality"
        | "identity-card-number"
        | "passport-number"
        | "passport-country"
        | "passport-expiration"
        | "redress-number"
        | "visa-number"
        | "issue-date-of-the-visa"
        | "primary-residence"
        | "country-of-residence"
        | "special-service-request"
        | "frequent-flyer-number"
        | "travel-details"
        | "payment-details"
        | "place-port-of-original-embarkation"
        | "place-port-of-clearance"
        | "place-port-of-onward-foreign-destination"
        | "passenger-name-record-locator-number"
        | "prtn"
        | "iban"
        | "bank-account-nr"
        | "cc-number"
        | "aba-rtn"
        | "bin"
        | "target-external"
        | "target-location" => Shape::Person("description"),
        "whois-registrant-org" | "target-org" => Shape::Organisation,
        "size-in-bytes" => Shape::Pattern("file:size", true),
        "port" => Shape::Pattern("network-traffic:dst_port", true),
        "user-agent" => {
            Shape::Pattern("network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'", false)
        }
        "http-method" => {
            Shape::Pattern("network-traffic:extensions.'http-request-ext'.request_method", false)
        }
        "yara" => Shape::Rule("yara"),
        "sigma" => Shape::Rule("sigma"),
        "snort" => Shape::Rule("snort"),
        "suricata" => Shape::Rule("suricata"),
        "stix2-pattern" => Shape::Rule("stix"),
        "vulnerability" => Shape::Named("vulnerability"),
        "campaign-name" => Shape::Named("campaign"),
        "threat-actor" => Shape::Named("threat-actor"),
        "text" | "comment" | "other" | "datetime" | "link|text" => by_relation(relation, object),
        _ => Shape::Note,
    }
}

/// What a plain text in an object is, by what it is there for.
fn by_relation(relation: Option<&str>, object: Option<&str>) -> Shape {
    let (Some(relation), Some(object)) = (relation, object) else { return Shape::Note };
    match relation {
        "password" | "password-hash" | "secret" | "pin" | "private-key" | "token" => {
            Shape::Account("unknown", "credential")
        }
        "username" | "login" | "account-name" | "screen-name" | "user" | "account-login" => {
            Shape::Account("unknown", "account_login")
        }
        "user-id" | "account-id" | "id" if is_personal(object) => Shape::Account("unknown", "user_id"),
        "display-name" | "fullname" | "full-name" | "nickname" | "alias" | "mothers-name"
        | "fathers-name" => Shape::Person("name"),
        "name" if is_personal(object) => Shape::Person("name"),
        "phone" | "address" | "street" | "contact" => Shape::Person("contact_information"),
        _ if is_personal(object) => Shape::Person("description"),
        _ => Shape::Note,
    }
}

/// Whether objects of that template are about people and their accounts: what such a text is, is not known, so it is
/// carried where nothing personal leaves.
fn is_personal(object: &str) -> bool {
    matches!(
        object,
        "person"
            | "victim"
            | "credential"
            | "user-account"
            | "phone"
            | "bank-account"
            | "identity"
            | "pnr"
            | "employee"
            | "facebook-group"
            | "interpol-notice"
            | "narrative"
            | "passport"
            | "exploit-poc"
    ) || object.ends_with("-account")
        || object.ends_with("-user")
        || object.ends_with("-profile")
}
