//! The client that `portcullis` uses. Whatever changes something asks to be shown the permit.

use crate::message::{Answer, Connection, FailureKind, Link, Pinhole, Request, Status};
use crate::records::Records;
use crate::wire;
use model::Permit;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use tokio::net::UnixStream;

/// Why a request was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The program does not answer; nothing is known of whether it was done.
    #[error("talk to portcullis-firewall")]
    Unreachable(#[source] io::Error),
    /// What came back is no answer to what was asked.
    #[error("portcullis-firewall answered with something else: is it of the same version?")]
    Answer,
    /// It says that it was not done.
    #[error("{text}")]
    Failed {
        /// In what way.
        kind: FailureKind,
        /// What, and why.
        text: String,
    },
}

/// A connection to `portcullis-firewall`. After an error of the kind [`ClientError::Unreachable`], connect anew.
#[derive(Debug)]
pub struct Client {
    stream: UnixStream,
}

impl Client {
    /// Connects to its socket.
    ///
    /// # Errors
    /// It does not listen, or does not let this user in.
    pub async fn connect(socket: &Path) -> Result<Self, ClientError> {
        let stream = UnixStream::connect(socket).await.map_err(ClientError::Unreachable)?;
        Ok(Self { stream })
    }

    /// Puts a policy on trial for so many seconds, and says its number.
    ///
    /// # Errors
    /// The text is refused by the program or the kernel: what held before holds on.
    pub async fn load(
        &mut self,
        _: &Permit,
        trial: String,
        settled: String,
        seconds: u32,
    ) -> Result<u64, ClientError> {
        match self.ask(&Request::Load { trial, settled, seconds }).await? {
            Answer::Loaded { generation } => Ok(generation),
            _ => Err(ClientError::Answer),
        }
    }

    /// Makes the policy on trial the confirmed one.
    ///
    /// # Errors
    /// It is over, or another one is on trial.
    pub async fn confirm(&mut self, _: &Permit, generation: u64) -> Result<(), ClientError> {
        self.done(&Request::Confirm { generation }).await
    }

    /// Ends the trial now. It is no error if none is going on.
    ///
    /// # Errors
    /// The kernel refuses; it falls back by itself when the trial's time is over.
    pub async fn revert(&mut self, _: &Permit) -> Result<(), ClientError> {
        self.done(&Request::Revert).await
    }

    /// Loads the confirmed policy anew, because something foreign changed it.
    ///
    /// # Errors
    /// Nothing is confirmed, a trial is going on, or the kernel refuses.
    pub async fn repair(&mut self, _: &Permit) -> Result<(), ClientError> {
        self.done(&Request::Repair).await
    }

    /// Opens a pinhole or prolongs it.
    ///
    /// # Errors
    /// No policy that knows pinholes is loaded, there are too many, or the kernel refuses.
    pub async fn open(&mut self, _: &Permit, pinhole: Pinhole) -> Result<(), ClientError> {
        self.done(&Request::Open(pinhole)).await
    }

    /// Closes a pinhole. It is no error if it is closed already.
    ///
    /// # Errors
    /// The kernel refuses.
    pub async fn close(&mut self, _: &Permit, id: String) -> Result<(), ClientError> {
        self.done(&Request::Close { id }).await
    }

    /// Isolates an address, or ends that.
    ///
    /// # Errors
    /// No policy that knows isolation is loaded, there are too many, or the kernel or the disk refuses.
    pub async fn isolate(&mut self, _: &Permit, address: IpAddr, on: bool) -> Result<(), ClientError> {
        self.done(&Request::Isolate { address, on }).await
    }

    /// Lets classes of traffic share these lines, and no others. The program remembers them for its next start.
    ///
    /// # Errors
    /// There is no such interface, or somebody else shapes it; those before it in the list are done.
    pub async fn links(&mut self, _: &Permit, links: Vec<Link>) -> Result<(), ClientError> {
        self.done(&Request::Links { links }).await
    }

    /// The connections that the kernel tracks, and whether there are more than were listed.
    ///
    /// # Errors
    /// The kernel refuses.
    pub async fn connections(&mut self) -> Result<(Vec<Connection>, bool), ClientError> {
        match self.ask(&Request::Connections).await? {
            Answer::Connections { connections, more } => Ok((connections, more)),
            _ => Err(ClientError::Answer),
        }
    }

    /// Ends connections. Says how many the kernel has forgotten, and how many local sockets were reset.
    ///
    /// # Errors
    /// The kernel refuses.
    pub async fn end(&mut self, _: &Permit, connections: Vec<Connection>) -> Result<(u32, u32), ClientError> {
        match self.ask(&Request::End { connections }).await? {
            Answer::Ended { tracked, sockets } => Ok((tracked, sockets)),
            _ => Err(ClientError::Answer),
        }
    }

    /// How things stand.
    ///
    /// # Errors
    /// The kernel does not say.
    pub async fn status(&mut self) -> Result<Status, ClientError> {
        match self.ask(&Request::Status).await? {
            Answer::Status(status) => Ok(*status),
            _ => Err(ClientError::Answer),
        }
    }

    /// Turns this connection into the stream of records. One at a time may follow.
    ///
    /// # Errors
    /// Somebody follows already.
    pub async fn follow(mut self) -> Result<Records, ClientError> {
        self.done(&Request::Follow).await?;
        Records::begin(self.stream).await.map_err(ClientError::Unreachable)
    }

    async fn done(&mut self, request: &Request) -> Result<(), ClientError> {
        match self.ask(request).await? {
            Answer::Done => Ok(()),
            _ => Err(ClientError::Answer),
        }
    }

    async fn ask(&mut self, request: &Request) -> Result<Answer, ClientError> {
        wire::write(&mut self.stream, request).await.map_err(ClientError::Unreachable)?;
        let frame = wire::read(&mut self.stream)
            .await
            .and_then(|frame| frame.ok_or(io::ErrorKind::UnexpectedEof.into()));
        match serde_json::from_slice(&frame.map_err(ClientError::Unreachable)?) {
            Ok(Answer::Failed { kind, text }) => Err(ClientError::Failed { kind, text }),
            other => other.map_err(|_| ClientError::Answer),
        }
    }
}
