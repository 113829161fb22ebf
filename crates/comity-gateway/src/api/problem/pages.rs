//! A page for each kind of problem, where its `type` leads: what happened, why, what the caller does, and an answer as it
//! comes over the wire.
//!
//! ```text
//! GET /api/problems/           every kind
//! GET /api/problems/{kind}     one
//! ```
//! Nobody need sign in: the pages say the same to everyone.
//!
//! Source: RFC 9457, sections 3.1.1 and 4: a problem type is a URI that leads to documentation for people.

use super::{Kind, Problem};
use axum::Router;
use axum::extract::Path;
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use std::fmt::Write as _;

/// What a page says beside title and status.
struct About {
    /// What happened, and what did not.
    what: &'static str,
    /// Why it is so.
    why: &'static str,
    /// What the caller does.
    todo: &'static str,
    /// A `detail` as it may come.
    detail: &'static str,
}

/// The routes of the pages.
pub fn router() -> Router {
    Router::new()
        .route("/api/problems", get(index))
        .route("/api/problems/", get(index))
        .route("/api/problems/{kind}", get(one))
}

async fn index() -> Response {
    let mut list = String::from(
        "<p>Errors of this gateway are RFC 9457 problems; <code>type</code> leads to one of these pages.</p><table><tr><th>Problem</th><th>Status</th><th>What happened</th></tr>",
    );
    for kind in Kind::ALL {
        // Writing into a string does not fail.
        let _ = write!(
            list,
            "<tr><td><a href=\"{}\"><code>{}</code></a></td><td>{}</td><td>{}</td></tr>",
            kind.uri(),
            kind.slug(),
            kind.status().as_u16(),
            escaped(kind.title()),
        );
    }
    list.push_str("</table>");
    page("Problems", &list)
}

async fn one(Path(slug): Path<String>) -> Response {
    match Kind::of_slug(&slug) {
        Some(kind) => page(kind.title(), &body(kind)),
        None => Problem::new(Kind::NotFound).with_detail("/api/problems/ lists every kind").into_response(),
    }
}

/// The page of a kind, without its frame.
fn body(kind: Kind) -> String {
    let About { what, why, todo, detail } = about(kind);
    let problem = Problem::new(kind).with_detail(detail);
    // Unwrap safety: a problem is strings and a number.
    let example = serde_json::to_string_pretty(&problem).expect("a problem is plain data");
    let status = kind.status();
    format!(
        "<p><code>{}</code>, status {status}</p><h2>What happened</h2><p>{}</p><h2>Why</h2><p>{}</p>\
         <h2>What to do</h2><p>{}</p><h2>An answer</h2>\
         <pre>HTTP/1.1 {status}\ncontent-type: application/problem+json\n\n{}</pre>\
         <p><a href=\"/api/problems/\">Every problem</a></p>",
        kind.uri(),
        escaped(what),
        escaped(why),
        escaped(todo),
        escaped(&example),
    )
}

fn page(title: &str, body: &str) -> Response {
    let title = escaped(title);
    let text = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>Comity: {title}</title><style>{STYLE}</style><main><h1>{title}</h1>{body}</main></html>\n"
    );
    let policy = "default-src 'none'; style-src 'unsafe-inline'";
    ([(header::CONTENT_SECURITY_POLICY, policy)], Html(text)).into_response()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b;\
background:#fff}code,pre{font:14px/1.4 ui-monospace,monospace}pre{background:#f4f4f4;padding:.75rem;overflow-x:auto}\
th,td{text-align:left;padding:.15rem 1rem .15rem 0;vertical-align:top}";

#[rustfmt::skip]
fn about(kind: Kind) -> About {
    match kind {
        Kind::Malformed => About {
            what: "The request is not of the form that this resource takes. Nothing was done.",
            why: "JSON that does not read, a field that is missing or that nobody knows, a value outside its bounds, a body that was cut off.",
            todo: "Correct what `detail` names and send it again; /api/v1/openapi.json says what each resource takes.",
            detail: "missing field `under` at line 1 column 2",
        },
        Kind::Input => About {
            what: "The request reads, and what it asks cannot be done. Nothing was recorded or sent.",
            why: "It names an agreement, partner, fact or officer that this gateway does not know, or a bundle that is no STIX.",
            todo: "Correct what `detail` names. That the laws refuse is no such problem: it is an answer with status 200 and `outcome`.",
            detail: "no partner gateway of FI is known; add it with `comity peer add`",
        },
        Kind::MediaType => About {
            what: "The body was not read, because it does not say that it is JSON.",
            why: "`Content-Type` is missing or another one.",
            todo: "Send the body with `Content-Type: application/json`.",
            detail: "send it as `application/json`",
        },
        Kind::Compressed => About {
            what: "The body was not read, because it is compressed. The connection is closed.",
            why: "A small compressed body can become a very large one; bounds are on what is sent.",
            todo: "Send it without `Content-Encoding`.",
            detail: "send it without Content-Encoding",
        },
        Kind::TooLong => About {
            what: "The body is longer than this resource takes, and was not read to its end.",
            why: "Every resource has a bound; for bundles the operator sets it (`bundle_bytes_max`).",
            todo: "Divide the bundle, or ask the operator for a higher bound.",
            detail: "it has 268435456 bytes, the most is 134217728 bytes",
        },
        Kind::Idempotency => About {
            what: "Nothing was done: this `Idempotency-Key` came with another request within the last day, at this node or another.",
            why: "A key stands for one request, so that asking again does nothing twice.",
            todo: "Draw a new key for a new request. For the same request, send the same bytes.",
            detail: "draw a new `Idempotency-Key`",
        },
        Kind::UnderWay => About {
            what: "The same request came under this `Idempotency-Key` before, and is still being done. Nothing was done twice.",
            why: "A partner takes long to answer, or the node that took the request has died before it could answer.",
            todo: "Ask again in a minute, under the same key: every node gives the answer of the first request, or what came of it.",
            detail: "ask again in a minute, under the same key",
        },
        Kind::NotFound => About {
            what: "There is nothing under this path, or nothing that may be told of.",
            why: "The path is misspelt, the id is of no exchange here, or what was there has ended.",
            todo: "Check path and id. An exchange is known at its sender's and its receiver's gateway and nowhere else.",
            detail: "no such exchange is recorded here",
        },
        Kind::Method => About {
            what: "The resource is there, and does not know this method. Nothing was done.",
            why: "For instance a GET of what takes a POST.",
            todo: "Use a method of the header `Allow`; /api/v1/openapi.json lists them.",
            detail: "the header Allow names those that it knows",
        },
        Kind::Failed => About {
            what: "The gateway failed at it. Whether anything was done is not known.",
            why: "Something that should hold does not. The reason stands in the log of the operator and is not told here.",
            todo: "Look first where the exchange stands; ask again under the same `Idempotency-Key`. Tell the operator when.",
            detail: "the operator's log says why",
        },
        Kind::Unavailable => About {
            what: "The gateway cannot do it now. Nothing was accepted.",
            why: "Its database takes or gives nothing for the moment, or it is overloaded or just starting.",
            todo: "Try again later, with growing pauses; under the same `Idempotency-Key`, where there was one.",
            detail: "try again later",
        },
        Kind::Stopped => About {
            what: "The gateway has stopped by itself and is about to end.",
            why: "It no longer knows what its database has kept. Rather than go on in doubt it stops, and finds out when it starts.",
            todo: "Try again once it has been started again. Operators: the exit status is 3; `comity doctor` says more.",
            detail: "it finds out what was kept when it starts again",
        },
        Kind::NoPartner => About {
            what: "Who calls is not let in.",
            why: "The certificate of the caller is none that an operator of this gateway has made known.",
            todo: "Give this gateway's operator your identity (`comity identity`) to add with `comity peer add`.",
            detail: "its operator adds partners with `comity peer add`",
        },
        Kind::PartnerRemoved => About {
            what: "Nothing was taken and nothing was given. Orders to erase, to correct or to restrict what this gateway holds are taken as before.",
            why: "An officer of this gateway removed the partner; `detail` says when and why.",
            todo: "Ask the authority that runs this gateway. It makes a partner one again by a signed act of its own.",
            detail: "FI was removed as a partner at 2026-11-26T09:00:00Z (instrument_suspended): nothing goes to it",
        },
        Kind::OfferNotAccepted => About {
            what: "The offer was not taken, and no exchange came of it.",
            why: "It is not signed by a key that is known, is for somebody else, contradicts itself, or does not read.",
            todo: "Correct what `detail` names. The offer stays in the sender's outbox until then (`comity doctor`).",
            detail: "the signature is not by a known key of the party",
        },
        Kind::ExchangeConflict => About {
            what: "The offer was not taken: another one has been answered under the same exchange.",
            why: "An exchange has one offer; the answer given to it stands.",
            todo: "Decide again under a new exchange that names the old one.",
            detail: "0b0a8a5a-8d0e-4a51-9c36-0f5d54f6b1c4",
        },
        Kind::RecallNotAccepted => About {
            what: "The order that data be erased or restricted was not taken. Nothing was erased, and the try is recorded.",
            why: "It does not read, is not signed by who sends it or by its origin, or its receipt does not prove it recorded.",
            todo: "Correct what `detail` names. The order goes on being sent until it is answered (`comity recalls`).",
            detail: "the signature is not by a known key of the party",
        },
        Kind::ReferralNotAccepted => About {
            what: "The person's request that was passed on was not taken. Nothing was filed, and the try is recorded.",
            why: "It does not read or open, is not signed by who sends it, or its receipt does not prove it recorded.",
            todo: "Correct what `detail` names. The referral goes on being sent until it is answered.",
            detail: "the signature is not by a known key of the party",
        },
        Kind::RecallForeign => About {
            what: "The order was not taken: it speaks of an exchange that whoever sends it did not give. The try is recorded.",
            why: "Only the sender of an exchange orders what becomes of it, and whoever passed it on passes the order on.",
            todo: "Order it at the gateway that gave the exchange.",
            detail: "0b0a8a5a-8d0e-4a51-9c36-0f5d54f6b1c4",
        },
        Kind::RecallConflict => About {
            what: "The order was not taken: another one was taken under the same id. The try is recorded.",
            why: "An order has one text; what was done by it stands.",
            todo: "Give a new order, under an id of its own.",
            detail: "6f1c2f0e-7d7b-4a44-9b57-0a4f0a5f7a10",
        },
        Kind::MatchNotAccepted => About {
            what: "The question whether values are held was not taken. Nothing was evaluated, and the try is recorded.",
            why: "It does not read, is not signed by who sends it, its receipt does not prove it recorded, or its batch is none: 128 elements, each in its one encoding and not the identity.",
            todo: "Correct what `detail` names, and ask under a new question.",
            detail: "the bodies does not read: element 7 is no element of the group, or its identity",
        },
        Kind::MatchConflict => About {
            what: "The batch was not evaluated: another one was answered under its number. The try is recorded.",
            why: "A batch is evaluated once, and the answer given to it stands.",
            todo: "Ask under a new question.",
            detail: "6f1c2f0e-7d7b-4a44-9b57-0a4f0a5f7a10",
        },
        Kind::ViewNotAccepted => About {
            what: "The question to look at records was not taken. Nothing was opened, and the try is recorded.",
            why: "It does not read or open, is not signed by who sends it, or its receipt does not prove it recorded.",
            todo: "Correct what `detail` names, and ask under a new view.",
            detail: "the signature is not by a known key of the party",
        },
        Kind::ViewConflict => About {
            what: "Nothing was shown: another question was answered under the same id. The try is recorded.",
            why: "A view is one question, and the answer given to it stands.",
            todo: "Ask under a new view.",
            detail: "6f1c2f0e-7d7b-4a44-9b57-0a4f0a5f7a10",
        },
        Kind::IdentityNotFollowed => About {
            what: "The identity that was told is not taken in the place of the one that is known.",
            why: "Its number is older, two identities bear the same number, or no known party key leads to its party key.",
            todo: "Confirm the new identity by telephone; this gateway's operator then adds it with `comity peer add`.",
            detail: "no known key leads to its party key",
        },
        Kind::SignInMissing => About {
            what: "The request shows nobody. Nothing was done.",
            why: "This resource answers officers, and the request has no `Authorization` and no session.",
            todo: "Send an officer's name and password by HTTP Basic, or `Authorization: Bearer comity_…` (`comity token add`).",
            detail: "by HTTP Basic with an officer's name and password, or by a bearer token",
        },
        Kind::SignInUnreadable => About {
            what: "What the request shows could not be read. Nothing was done.",
            why: "`Authorization` is there more than once, is of another scheme, or is no Base64.",
            todo: "Send it once, as `Basic` or `Bearer`.",
            detail: "expected Basic or Bearer",
        },
        Kind::SignInWrong => About {
            what: "Nobody is known by what the request shows. Nothing was done.",
            why: "A wrong name or password, or a token or session that is not known or has ended. Which, nobody is told.",
            todo: "Check the credentials; an operator sees with `comity token list` when a token ended.",
            detail: "wrong name or password, or a token or session that is not known or has ended",
        },
        Kind::SignInLockedOut => About {
            what: "The credentials were not looked at.",
            why: "There were too many wrong tries under this name or from this address; each further one doubles the time.",
            todo: "Wait the seconds in `Retry-After`, then send the right ones.",
            detail: "nothing from here under this name is looked at until the time in Retry-After has passed",
        },
        Kind::SignInLimited => About {
            what: "The request was not looked at.",
            why: "This officer, or this address, asks more often than the operator allows (`officer_rate`, `address_rate`).",
            todo: "Wait the seconds in `Retry-After`, and ask less often.",
            detail: "try again after the seconds in Retry-After",
        },
        Kind::SignInBusy => About {
            what: "The password was not looked at.",
            why: "Looking at a password takes the processor for a while, and too many wait for that.",
            todo: "Wait the seconds in `Retry-After`. Tools that use tokens never wait here.",
            detail: "try again after the seconds in Retry-After",
        },
        Kind::OfficerKeyAbsent => About {
            what: "What the officer ordered was not done: this node cannot sign for them, and nothing was recorded.",
            why: "The officer's key was drawn, or rotated, at another node of the gateway after `identity/` had been copied to this one.",
            todo: "Ask another node, at which the key was drawn. The operator copies the file that `detail` names from there to this node's `DIR/identity/officers/`, for its owner alone (mode 600); it serves at once.",
            detail: "this node has not the key file of officer `a.tamm` that is in use: copy identity/officers/5f1c0a428d214e0f.1.key from the DIR of the node at which the key was drawn, or ask there; docs/keys.md",
        },
        Kind::SignInDisabled => About {
            what: "The officer was recognised and orders nothing any more.",
            why: "Their key was ended (`comity officer revoke`).",
            todo: "Ask the operator; `comity key rotate officer` gives a new key.",
            detail: "their key was ended; a new one is given with `comity key rotate officer`",
        },
        Kind::SignInForged => About {
            what: "The session is known, and the request was not done.",
            why: "It changes something and lacks the session's CSRF token: a page of another site may have sent it.",
            todo: "From a page of this gateway, send what GET /me says under `csrf` as `X-CSRF-Token`. Programs use tokens instead.",
            detail: "send what GET /me says under `csrf` in X-CSRF-Token, from a page of this gateway",
        },
        Kind::SignInUnavailable => About {
            what: "Nobody could be looked up. Nothing was done.",
            why: "The gateway's database gives nothing for the moment.",
            todo: "Try again later.",
            detail: "try again later",
        },
        Kind::NoProvider => About {
            what: "There is nothing to sign in at.",
            why: "The operator has named no OpenID provider.",
            todo: "Sign in with a password or a token. Operators: `[signin.openid]` in settings.toml.",
            detail: "the operator names one in [signin.openid] of settings.toml",
        },
        Kind::SignInNotBegun => About {
            what: "The sign-in was not completed.",
            why: "It was begun in another browser, took too long, or was completed already.",
            todo: "Begin again at /signin, in the same browser.",
            detail: "begin again at /signin, in this browser",
        },
        Kind::SignInAnswer => About {
            what: "The sign-in was not completed.",
            why: "The provider sent the browser back without what completes a sign-in.",
            todo: "Begin again at /signin; tell the operator if it stays so.",
            detail: "begin again at /signin",
        },
        Kind::SignInRefused => About {
            what: "Nobody is signed in.",
            why: "The provider says that you may not use this gateway, or you declined there.",
            todo: "Ask whoever runs the provider to let you use this gateway.",
            detail: "the provider lets you not in",
        },
        Kind::SignInToken => About {
            what: "Nobody is signed in.",
            why: "What the provider said of you is not signed by it, is for another program, or is too old.",
            todo: "Begin again at /signin; tell the operator if it stays so.",
            detail: "what the provider said does not count; begin again at /signin",
        },
        Kind::SignInName => About {
            what: "Nobody is signed in.",
            why: "The claim that names officers is missing, or holds what cannot be an officer's name.",
            todo: "Ask the operator: `name_claim` in `[signin.openid]`.",
            detail: "the provider names you by what is no officer's name",
        },
        Kind::SignInRole => About {
            what: "Nobody is signed in.",
            why: "None of what the provider says of you is a role at this gateway.",
            todo: "Ask whoever runs the provider for the group that officers are in; operators: `roles` in `[signin.openid]`.",
            detail: "the provider gives you no role that is one here",
        },
        Kind::SignInTaken => About {
            what: "Nobody is signed in.",
            why: "An officer of the name that the provider gives is known here by a password, or is another person.",
            todo: "Ask the operator which of the two you are.",
            detail: "an officer of your name is known here by a password; ask the operator",
        },
        Kind::SignInProvider => About {
            what: "Nobody is signed in.",
            why: "The provider is not reached, or what it says of itself does not read.",
            todo: "Try again later; the operator's log says what is wrong.",
            detail: "the provider cannot be used now",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_kind_has_a_name_of_its_own_and_a_whole_page() {
        let names: BTreeSet<_> = Kind::ALL.iter().map(|kind| kind.slug()).collect();
        assert_eq!(names.len(), Kind::ALL.len());
        for kind in Kind::ALL {
            assert!(kind.slug().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{kind:?}");
            assert!(kind.status().is_client_error() || kind.status().is_server_error(), "{kind:?}");
            let About { what, why, todo, detail } = about(*kind);
            for text in [what, why, todo] {
                assert!(text.contains(' ') && text.ends_with('.'), "{kind:?}: {text}");
            }
            assert!(!detail.is_empty() && body(*kind).contains(&escaped(detail)), "{kind:?}");
        }
    }

    #[test]
    fn what_is_shown_is_text() {
        assert_eq!(escaped("<a href=\"x\">&"), "&lt;a href=&quot;x&quot;&gt;&amp;");
    }
}
