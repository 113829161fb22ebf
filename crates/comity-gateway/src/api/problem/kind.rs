//! The kinds of problem that this gateway tells of: one list, from which their URIs, statuses and pages come.

use axum::http::StatusCode;

/// Makes the enum, the list of all of it, and what each kind is on the wire.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $slug:literal, $status:ident, $title:literal;)*) => {
        /// A kind of problem. A new one does not compile without its page: [`about`](super::pages) answers for each.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $($(#[$doc])* $kind,)*
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// The name that its URI ends in: lower case, stable.
            #[must_use]
            pub fn slug(self) -> &'static str {
                match self { $(Self::$kind => $slug,)* }
            }

            /// The HTTP status that it comes with.
            #[must_use]
            pub fn status(self) -> StatusCode {
                match self { $(Self::$kind => StatusCode::$status,)* }
            }

            /// What happened, in a few words: the same for each occurrence.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$kind => $title,)* }
            }
        }
    };
}

kinds! {
    /// The request is not of its form.
    Malformed = "malformed", BAD_REQUEST, "the request does not read";
    /// What is asked reads, and cannot be done.
    Input = "input", UNPROCESSABLE_ENTITY, "it cannot be done so";
    /// The body is of another media type.
    MediaType = "media-type", UNSUPPORTED_MEDIA_TYPE, "the body is no JSON";
    /// The body is compressed.
    Compressed = "compressed", UNSUPPORTED_MEDIA_TYPE, "the body is compressed";
    /// The body is above its bound.
    TooLong = "too-long", PAYLOAD_TOO_LARGE, "the body is too long";
    /// An `Idempotency-Key` came with another request before.
    Idempotency = "idempotency", UNPROCESSABLE_ENTITY, "the key was used for another request";
    /// The first request under an `Idempotency-Key` is not answered yet.
    UnderWay = "under-way", CONFLICT, "the first request under this key is under way";
    /// Nothing is there, or nothing that may be told of.
    NotFound = "not-found", NOT_FOUND, "there is nothing here";
    /// The resource knows no such method.
    Method = "method", METHOD_NOT_ALLOWED, "this resource knows no such method";
    /// The gateway failed.
    Failed = "failed", INTERNAL_SERVER_ERROR, "the gateway failed";
    /// The gateway cannot do it now.
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "the gateway cannot do it now";
    /// Another node of the gateway drew the officer's key.
    OfficerKeyAbsent = "officer-key-absent", SERVICE_UNAVAILABLE, "this node lacks the officer's key";
    /// The gateway has stopped by itself.
    Stopped = "stopped", SERVICE_UNAVAILABLE, "the gateway has stopped";
    /// Who calls is no partner of this gateway.
    NoPartner = "no-partner", FORBIDDEN, "no partner of this gateway";
    /// Who calls was removed as a partner.
    PartnerRemoved = "partner-removed", FORBIDDEN, "removed as a partner of this gateway";
    /// A partner's offer is not one that counts.
    OfferNotAccepted = "offer-not-accepted", BAD_REQUEST, "the offer is not accepted";
    /// A partner offered something else under an exchange that was answered.
    ExchangeConflict = "exchange-conflict", CONFLICT, "another offer was answered under this exchange";
    /// A partner's order that data be erased or restricted is not one that counts.
    RecallNotAccepted = "recall-not-accepted", BAD_REQUEST, "the order is not accepted";
    /// A partner orders something of an exchange that it did not send.
    RecallForeign = "recall-foreign", FORBIDDEN, "the exchange is not the sender's";
    /// Another order was taken under the id of this one.
    RecallConflict = "recall-conflict", CONFLICT, "another order was taken under this id";
    /// A partner's question whether values are held is not one that counts.
    MatchNotAccepted = "match-not-accepted", BAD_REQUEST, "the question is not accepted";
    /// Another batch was answered under the number of this one.
    MatchConflict = "match-conflict", CONFLICT, "another batch was answered under this number";
    /// A partner's question to look at records is not one that counts.
    ViewNotAccepted = "view-not-accepted", BAD_REQUEST, "the question is not accepted";
    /// Another question was answered under the id of this one.
    ViewConflict = "view-conflict", CONFLICT, "another question was answered under this id";
    /// A person's request that a partner passes on is not one that counts.
    ReferralNotAccepted = "referral-not-accepted", BAD_REQUEST, "the referral is not accepted";
    /// A partner's identity does not follow from the one that is known.
    IdentityNotFollowed = "identity-not-followed", CONFLICT, "the identity is not followed";
    /// Nobody is signed in.
    SignInMissing = "sign-in-missing", UNAUTHORIZED, "sign in first";
    /// The credentials do not read.
    SignInUnreadable = "sign-in-unreadable", UNAUTHORIZED, "the credentials do not read";
    /// The credentials do not count.
    SignInWrong = "sign-in-wrong", UNAUTHORIZED, "the credentials are not valid";
    /// There were too many wrong tries.
    SignInLockedOut = "sign-in-locked-out", TOO_MANY_REQUESTS, "too many wrong tries";
    /// There are more requests than the rate allows.
    SignInLimited = "sign-in-limited", TOO_MANY_REQUESTS, "too many requests";
    /// Too many passwords wait to be looked at.
    SignInBusy = "sign-in-busy", SERVICE_UNAVAILABLE, "too many sign-ins at once";
    /// The officer orders nothing any more.
    SignInDisabled = "sign-in-disabled", FORBIDDEN, "this officer orders nothing any more";
    /// A page of another site may have sent it.
    SignInForged = "sign-in-forged", FORBIDDEN, "the CSRF token is missing or wrong";
    /// The store cannot be asked who it is.
    SignInUnavailable = "sign-in-unavailable", SERVICE_UNAVAILABLE, "nobody can sign in now";
    /// No provider is set.
    NoProvider = "no-provider", NOT_FOUND, "no OpenID provider is set";
    /// A sign-in at the provider ended that did not begin here.
    SignInNotBegun = "sign-in-not-begun", BAD_REQUEST, "no sign-in was begun in this browser";
    /// The provider sent the browser back with what does not read.
    SignInAnswer = "sign-in-answer", BAD_REQUEST, "the provider's answer does not read";
    /// The provider said no.
    SignInRefused = "sign-in-refused", FORBIDDEN, "the provider refused the sign-in";
    /// The provider's token does not count.
    SignInToken = "sign-in-token", FORBIDDEN, "the provider's token does not count";
    /// The provider names a person by what is no officer's name.
    SignInName = "sign-in-name", FORBIDDEN, "the provider names no officer";
    /// The provider gives a person no role that is one here.
    SignInRole = "sign-in-role", FORBIDDEN, "the provider gives no role";
    /// An officer of that name is somebody else.
    SignInTaken = "sign-in-taken", FORBIDDEN, "the officer's name is taken";
    /// The provider cannot be used.
    SignInProvider = "sign-in-provider", BAD_GATEWAY, "the provider cannot be used now";
}

impl Kind {
    /// The kind whose page has this name.
    #[must_use]
    pub fn of_slug(slug: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.slug() == slug)
    }

    /// Its URI: a path of the gateway that tells of it, where its page is.
    #[must_use]
    pub fn uri(self) -> String {
        format!("{PAGES}{}", self.slug())
    }
}

/// Where the pages are.
pub const PAGES: &str = "/api/problems/";
