//! A notice's facts, as they were sealed, in words.

use crate::gateway::GatewayError;
use comity_exchange::notice::{Addressee, Letter};
use comity_notices::{Audience, Delay, Event, Facts, Language, Message, Remedy, render};

/// What a letter says, for whoever writes it in words.
#[must_use]
pub fn facts(letter: &Letter) -> Facts {
    Facts {
        number: letter.number.clone(),
        at: letter.at.0,
        party: letter.party.0.to_string(),
        authority: letter.authority.clone(),
        event: letter.event.as_ref().map(|event| Event {
            received: event.received,
            partner: event.partner.0.to_string(),
            at: event.at.0,
        }),
        agreement: letter.agreement_title.clone(),
        owed_by: letter.owed_by.clone(),
        activity: letter.activity.clone(),
        purpose: letter.purpose.clone(),
        categories: letter.categories.clone(),
        kept_until: letter.kept_until.map(|at| at.0),
        delays: letter
            .deferrals
            .iter()
            .map(|deferral| Delay {
                ground: deferral.ground.clone(),
                article: deferral.article.clone(),
                from: deferral.from.0,
                to: deferral.to.0,
            })
            .collect(),
        remedies: letter
            .remedies
            .iter()
            .map(|remedy| Remedy { options: remedy.options.clone(), until: remedy.until.map(|at| at.0) })
            .collect(),
    }
}

/// The language and audience that an addressee is written to in.
///
/// # Errors
/// [`GatewayError::Input`], naming what there is no such of; or that the audience is no person.
pub fn reads(to: &Addressee) -> Result<(Language, Audience), GatewayError> {
    let language: Language = to
        .language
        .parse::<Language>()
        .map_err(|error| GatewayError::Input(format!("`language`: {error}")))?;
    let audience: Audience = to
        .audience
        .parse::<Audience>()
        .map_err(|error| GatewayError::Input(format!("`audience`: {error}")))?;
    if !audience.is_letter() {
        return Err(GatewayError::Input("`audience`: a notice goes to a person or a child".to_owned()));
    }
    Ok((language, audience))
}

/// The letter to whom it goes to.
///
/// # Errors
/// As [`reads`]; [`GatewayError::Broken`] when a text is missing.
pub fn written(letter: &Letter, to: &Addressee) -> Result<Message, GatewayError> {
    let (language, audience) = reads(to)?;
    told(letter, audience, language, to.name.as_deref())
}

/// What an audience reads of it.
///
/// # Errors
/// [`GatewayError::Broken`] when a text is missing.
pub fn told(
    letter: &Letter,
    audience: Audience,
    language: Language,
    name: Option<&str>,
) -> Result<Message, GatewayError> {
    render(&facts(letter), audience, language, name).map_err(|error| GatewayError::Broken(error.to_string()))
}
