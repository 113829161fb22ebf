//! By e-mail, to a mail server that others wrote.

use crate::room::{Room, person};
use crate::{LED, opened, row};
use comity_exchange::ports::NoticeState;
use comity_gateway::work::notices;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A mail server, until it is dropped.
struct Server {
    port: u16,
    folder: tempfile::TempDir,
    child: Child,
}

impl Server {
    /// One that refuses so many messages first; `None`, said aloud, where there is no `aiosmtpd`.
    fn start(refusals: u32, tls: Option<(&Path, &Path)>) -> Option<Self> {
        let python = comity_beside::python("aiosmtpd")?;
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(python);
        command
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/notices/smtp.py"))
            .arg(folder.path())
            .arg(refusals.to_string());
        if let Some((certificate, key)) = tls {
            command.args([certificate, key]);
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Some(Self { port: line.trim().parse().unwrap(), folder, child })
    }

    fn settings(&self, more: &str) -> String {
        format!(
            "[notices]\nretry_seconds = 1\nretry_seconds_most = 1\n[notices.smtp]\nserver = \"localhost\"\nport = {}\nfrom = \
             \"National Cyber Centre <notices@cyber.example>\"\n{more}\n",
            self.port
        )
    }

    /// What it took, in order.
    fn taken(&self) -> Vec<String> {
        let files = comity_beside::files(self.folder.path());
        files.iter().map(|path| String::from_utf8(std::fs::read(path).unwrap()).unwrap()).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The text of the plain part: quoted-printable or base64, as Python's own reader reads it.
fn read(message: &str) -> String {
    let script = "import email, email.policy, sys\n\
                  message = email.message_from_string(sys.stdin.read(), policy=email.policy.default)\n\
                  print(message['subject']); print(message['to']); print(message['message-id'])\n\
                  print(message['auto-submitted'])\n\
                  print([part.get_content_type() for part in message.walk()])\n\
                  print(message.get_body(('plain',)).get_content())";
    let python = comity_beside::python("aiosmtpd").unwrap();
    let mut child = Command::new(python)
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), message.as_bytes()).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_does_not_take_is_handed_over_again_under_the_same_id() {
    let Some(server) = Server::start(2, None) else { return };
    let room = Room::open("EE", &server.settings("tls = \"none\""), &[LED]).await;
    let opened = opened(&room, person("email")).await;
    notices::send(&room.gateway, opened.id, "ana").await.unwrap();
    let first = row(&room, opened.id).await;
    assert_eq!((first.state, first.detail.failures), (NoticeState::Issued, 1));
    // What the server said names the person: it is told by its number.
    assert_eq!(first.detail.trouble.as_deref(), Some("the mail server answered 451"));
    let mut tries = 0;
    while row(&room, opened.id).await.state == NoticeState::Issued {
        // Its next try is due by the clock, not by this loop.
        tokio::time::sleep(Duration::from_millis(300)).await;
        notices::once(&room.gateway).await.unwrap();
        tries += 1;
        assert!(tries < 30, "it never arrives");
    }
    let given = row(&room, opened.id).await;
    assert_eq!((given.state, given.detail.failures), (NoticeState::Given, 2));
    // Long enough for another try to fall due, had it one.
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    notices::once(&room.gateway).await.unwrap();
    let taken = server.taken();
    assert_eq!(taken.len(), 1, "handed over once");
    let told = read(&taken[0]);
    for said in [
        "Teavitame Teid",
        "mari@example.ee",
        &format!("<{}@cyber.example>", opened.id),
        "auto-generated",
        "['multipart/alternative', 'text/plain', 'text/html']",
        "Tere, Mari Kask!",
        "halduskohus",
    ] {
        assert!(told.contains(said), "{said}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_goes_to_a_server_that_cannot_show_who_it_is() {
    let room = tempfile::tempdir().unwrap();
    let made = |name: &str| -> (PathBuf, PathBuf) {
        let signed = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let (certificate, key) =
            (room.path().join(format!("{name}.pem")), room.path().join(format!("{name}.key")));
        std::fs::write(&certificate, signed.cert.pem()).unwrap();
        std::fs::write(&key, signed.signing_key.serialize_pem()).unwrap();
        (certificate, key)
    };
    let (own, key) = made("own");
    let (other, _) = made("other");
    let Some(server) = Server::start(0, Some((&own, &key))) else { return };
    for (roots, expected) in [(&other, NoticeState::Issued), (&own, NoticeState::Given)] {
        let more = format!("tls = \"implicit\"\nroots_file = \"{}\"", roots.display());
        let room = Room::open("EE", &server.settings(&more), &[LED]).await;
        let opened = opened(&room, person("email")).await;
        notices::send(&room.gateway, opened.id, "ana").await.unwrap();
        let row = row(&room, opened.id).await;
        assert_eq!(row.state, expected, "{row:?}");
        assert_eq!(server.taken().len(), usize::from(expected == NoticeState::Given));
    }
}
