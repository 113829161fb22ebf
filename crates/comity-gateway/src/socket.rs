//! The local road: commands go to the gateway that serves, through `DIR/comity.sock`.
//!
//! ```text
//! client                                               serve
//! length u32 BE | {"command":[…],"stdin":base64,"cwd":…}  ─>
//!                       <─  length u32 BE | {"exit":0,"stdout":base64,"stderr":base64}
//! ```
//! One command on each connection. The socket is 0600: whoever may open it may work in DIR, and that is the whole
//! sign-in on this road. A caller that finds no one answering takes the lock on DIR and runs the command itself.

use crate::files::{self, FileError};
use crate::watch::Stop;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::future::Future;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// A command as it was given to the process that sends it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandRequest {
    /// The arguments after the program's name.
    pub command: Vec<String>,
    /// What stood on standard input, for commands that read it.
    pub stdin: Option<Bytes>,
    /// Where the sender stood: what relative paths are relative to.
    pub cwd: PathBuf,
}

/// What the command came to.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandReply {
    /// The exit status: 0, 1 or 2.
    pub exit: u8,
    /// For standard output.
    pub stdout: Bytes,
    /// For standard error.
    pub stderr: Bytes,
}

/// Bytes, in base64 on the road. `Debug` tells their length: they may hold a password.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Bytes(pub Vec<u8>);

/// Runs the commands that come in.
pub trait Handler: Send + Sync + 'static {
    /// Runs one command to its end.
    fn run(&self, request: CommandRequest) -> impl Future<Output = CommandReply> + Send;
}

/// Why a command did not get through.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// The socket cannot be made, or is another's.
    #[error(transparent)]
    File(#[from] FileError),
    /// The connection broke off. The command may have been carried out.
    #[error("the gateway stopped answering: {0}")]
    Broken(#[source] io::Error),
    /// A message longer than the road takes.
    #[error("a command or its output is {length} bytes long, the most is {most}")]
    TooLong {
        /// How long.
        length: usize,
        /// The bound.
        most: usize,
    },
    /// A message that is none.
    #[error("not a command or a reply: {0}")]
    Content(#[source] serde_json::Error),
}

/// Listens at `path`, where only this user comes in; what a crashed process left there is replaced.
///
/// Call it with the lock on DIR held: then whatever lies at `path` is nobody's.
///
/// # Errors
/// [`SocketError::File`].
pub fn bind(path: &Path) -> Result<UnixListener, SocketError> {
    files::remove(path)?;
    let listener = UnixListener::bind(path).map_err(files::at(path, "listen"))?;
    // Before this line DIR's own mode, 0700, keeps others out.
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
        .map_err(files::at(path, "make private"))?;
    Ok(listener)
}

/// Runs commands until it is time to stop and those under way are done; then removes the socket.
pub async fn serve<H: Handler>(listener: UnixListener, handler: Arc<H>, mut stop: Stop) {
    let path = listener.local_addr().ok().and_then(|address| address.as_pathname().map(Path::to_owned));
    let permits = Arc::new(Semaphore::new(COMMANDS_MAX));
    let mut running = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stop.wait() => break,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            // Out of file descriptors: that does not mend itself at once.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        while running.try_join_next().is_some() {}
        let (handler, permits) = (Arc::clone(&handler), Arc::clone(&permits));
        running.spawn(async move {
            let _permit = permits.acquire().await;
            if let Err(error) = answer(stream, &*handler).await {
                tracing::info!(%error, "a local command was not answered");
            }
        });
    }
    drop(listener);
    if let Some(path) = path {
        // A socket that stays behind only costs the next caller one refused connection.
        let _ = std::fs::remove_file(path);
    }
    while running.join_next().await.is_some() {}
}

async fn answer(mut stream: UnixStream, handler: &impl Handler) -> Result<(), SocketError> {
    let request = timeout(REQUEST_PATIENCE, receive(&mut stream, REQUEST_BYTES_MAX))
        .await
        .unwrap_or_else(|_| Err(SocketError::Broken(io::ErrorKind::TimedOut.into())))?;
    let reply = match serde_json::from_slice(&request) {
        Ok(request) => handler.run(request).await,
        Err(error) => {
            let text = format!("error: {}\n", SocketError::Content(error));
            CommandReply { exit: 2, stdout: Bytes::default(), stderr: Bytes(text.into_bytes()) }
        }
    };
    send(&mut stream, &reply, REPLY_BYTES_MAX).await
}

/// Sends a command to the gateway that serves; `None` when none does, and the caller runs it itself.
///
/// # Errors
/// [`SocketError`]; after `Broken` the command may have been carried out.
pub async fn call(path: &Path, request: &CommandRequest) -> Result<Option<CommandReply>, SocketError> {
    let mut stream = match UnixStream::connect(path).await {
        Ok(stream) => stream,
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
            return Ok(None);
        }
        Err(e) => return Err(files::at(path, "connect")(e).into()),
    };
    send(&mut stream, request, REQUEST_BYTES_MAX).await?;
    let reply = receive(&mut stream, REPLY_BYTES_MAX).await?;
    serde_json::from_slice(&reply).map(Some).map_err(SocketError::Content)
}

async fn send(
    stream: &mut (impl AsyncWrite + Unpin),
    message: &impl Serialize,
    most: usize,
) -> Result<(), SocketError> {
    let bytes = serde_json::to_vec(message).map_err(SocketError::Content)?;
    let too_long = || SocketError::TooLong { length: bytes.len(), most };
    let length = u32::try_from(bytes.len()).ok().filter(|_| bytes.len() <= most).ok_or_else(too_long)?;
    stream.write_all(&length.to_be_bytes()).await.map_err(SocketError::Broken)?;
    stream.write_all(&bytes).await.map_err(SocketError::Broken)?;
    stream.flush().await.map_err(SocketError::Broken)
}

async fn receive(stream: &mut (impl AsyncRead + Unpin), most: usize) -> Result<Vec<u8>, SocketError> {
    let length = stream.read_u32().await.map_err(SocketError::Broken)? as usize;
    if length > most {
        return Err(SocketError::TooLong { length, most });
    }
    // Grows with what comes, so that an announced length alone takes no memory.
    let mut bytes = Vec::new();
    stream.take(length as u64).read_to_end(&mut bytes).await.map_err(SocketError::Broken)?;
    if bytes.len() == length {
        Ok(bytes)
    } else {
        Err(SocketError::Broken(io::ErrorKind::UnexpectedEof.into()))
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl fmt::Debug for CommandRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "command of {} arguments, input {:?}", self.command.len(), self.stdin)
    }
}

impl fmt::Debug for CommandReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit {}, output {:?}, error {:?}", self.exit, self.stdout, self.stderr)
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        BASE64.decode(text).map(Self).map_err(serde::de::Error::custom)
    }
}

/// The longest command: 128 MiB on standard input, in base64 (171 MiB), and its arguments.
pub const REQUEST_BYTES_MAX: usize = 176 << 20;

/// The longest reply: output of 180 MiB in base64 (240 MiB), and errors.
pub const REPLY_BYTES_MAX: usize = 256 << 20;

/// Commands that run at once; further ones wait.
const COMMANDS_MAX: usize = 16;

/// How long a sender may take to say its command.
const REQUEST_PATIENCE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests;
