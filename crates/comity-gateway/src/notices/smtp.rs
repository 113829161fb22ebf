//! E-mail: a message to a mail server that takes it on.
//!
//! Plain text and a page beside it (RFC 2046 alternatives), so that every mail reader and screen reader has its own. The
//! message's id is the notice's number at the domain that it comes from, the same at each try.

use super::settings::{SmtpSettings, Tls};
use super::{Handed, Road};
use crate::files;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls as Way, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use std::time::{Duration, SystemTime};

/// The most of a file with certificates.
const ROOTS_BYTES_MAX: usize = 4 << 20;

/// The most of a file with a password.
const PASSWORD_BYTES_MAX: usize = 4 << 10;

/// A mail server.
#[derive(Debug, Clone)]
pub struct MailServer(pub SmtpSettings);

impl MailServer {
    fn transport(&self) -> Result<AsyncSmtpTransport<Tokio1Executor>, String> {
        let SmtpSettings { server, port, tls, user, password_file, roots_file, patience_seconds, .. } =
            &self.0;
        let read = |path: &std::path::Path, most: usize| {
            let bytes = files::read(path, most).map_err(|error| error.to_string())?;
            bytes.ok_or_else(|| format!("{}: there is no such file", path.display()))
        };
        let parameters = || {
            let roots = Certificate::from_pem(&read(roots_file, ROOTS_BYTES_MAX)?)
                .map_err(|_| format!("{}: no certificates", roots_file.display()))?;
            TlsParameters::builder(server.clone())
                .certificate_store(CertificateStore::None)
                .add_root_certificate(roots)
                .build()
                .map_err(|_| format!("{server}: no name to check a certificate for"))
        };
        let way = match tls {
            Tls::Implicit => Way::Wrapper(parameters()?),
            Tls::Starttls => Way::Required(parameters()?),
            Tls::None => Way::None,
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(server.clone())
            .port(*port)
            .tls(way)
            .hello_name(ClientId::Domain(self.domain()?))
            .timeout(Some(Duration::from_secs(*patience_seconds)));
        if let Some((user, file)) = user.as_ref().zip(password_file.as_ref()) {
            let password = String::from_utf8(read(file, PASSWORD_BYTES_MAX)?)
                .map_err(|_| format!("{}: it is not text", file.display()))?;
            builder = builder.credentials(Credentials::new(user.clone(), password.trim_end().to_owned()));
        }
        Ok(builder.build())
    }

    fn sender(&self) -> Result<Mailbox, String> {
        self.0.from.parse().map_err(|_| "`from` is no address".to_owned())
    }

    fn domain(&self) -> Result<String, String> {
        Ok(self.sender()?.email.domain().to_owned())
    }

    fn message(&self, handed: &Handed<'_>) -> Result<Message, String> {
        let Handed { number, at, to, message } = handed;
        let address = to.email.as_deref().and_then(|email| email.parse().ok());
        let address = address.ok_or_else(|| "the e-mail address is none".to_owned())?;
        let html = SinglePart::builder().header(ContentType::TEXT_HTML).body(message.html());
        let plain = SinglePart::builder().header(ContentType::TEXT_PLAIN).body(message.text());
        let header = |name: &'static str, value: &str| {
            HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
        };
        let mut mail = Message::builder()
            .message_id(Some(format!("<{number}@{}>", self.domain()?)))
            .date(SystemTime::UNIX_EPOCH + Duration::from_secs(at.as_second().max(0).unsigned_abs()))
            .from(self.sender()?)
            .to(Mailbox::new(to.name.clone(), address))
            .subject(message.subject.clone())
            .multipart(MultiPart::alternative().singlepart(plain).singlepart(html))
            .map_err(|_| "the message cannot be written".to_owned())?;
        // No machine answers it (RFC 3834).
        mail.headers_mut().insert_raw(header("Auto-Submitted", "auto-generated"));
        mail.headers_mut().insert_raw(header("Content-Language", message.language.as_str()));
        Ok(mail)
    }
}

impl Road for MailServer {
    async fn hand(&self, handed: &Handed<'_>) -> Result<(), String> {
        let message = self.message(handed)?;
        let transport = self.transport()?;
        // What a server says in words may repeat the address: its number is told alone.
        transport.send(message).await.map(|_| ()).map_err(|error| match error.status() {
            Some(code) => format!("the mail server answered {code}"),
            None if error.is_timeout() => "the mail server did not answer in time".to_owned(),
            None if error.is_tls() => "the mail server's TLS is not believed".to_owned(),
            None => "the mail server was not reached, or spoke otherwise than SMTP".to_owned(),
        })
    }
}
