//! The socket under a frontend: listening on loopback alone, cutting a connection, never answering.
//!
//! **Invariant:** a cut answer leaves no byte on the wire; nothing listens anywhere but on loopback.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::Router;
use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, Request};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// Marks a response that is never to be sent.
#[derive(Debug, Clone, Copy)]
struct Cut;

/// An answer that is lost: the connection is closed before any of it is sent.
pub fn cut() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.extensions_mut().insert(Cut);
    response
}

/// An answer that never comes: returns when the client has hung up, which drops the request.
pub async fn hang() -> Response {
    std::future::pending().await
}

/// A port on loopback.
pub struct Loopback(TcpListener);

/// One connection, and whether it is to be cut.
pub struct Wire {
    stream: TcpStream,
    cut: Line,
}

/// The switch of one connection.
#[derive(Debug, Clone, Default)]
pub struct Line(Arc<AtomicBool>);

impl Loopback {
    /// Listens; port 0 is a free one.
    ///
    /// # Errors
    /// An address that is not on loopback, or a port that is taken.
    pub async fn bind(host: IpAddr, port: u16) -> io::Result<Self> {
        if !host.is_loopback() {
            let text = format!("{host} is not on loopback: anybody could launch and delete there");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        TcpListener::bind((host, port)).await.map(Self)
    }

    /// Where it listens.
    ///
    /// # Errors
    /// If the system does not say.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    /// Serves a router until `stop` is done.
    ///
    /// # Errors
    /// If the port can no longer be listened on.
    pub async fn serve(self, router: Router, stop: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        let service = router.layer(middleware::from_fn(obey)).into_make_service_with_connect_info::<Line>();
        // Not gracefully: a client that hangs by the scenario's wish would keep the server for ever.
        tokio::select! {
            served = async { axum::serve(self, service).await } => served,
            () = stop => Ok(()),
        }
    }
}

/// Cuts the connection of a response that says so.
async fn obey(ConnectInfo(line): ConnectInfo<Line>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    if response.extensions().get::<Cut>().is_some() {
        line.0.store(true, Ordering::SeqCst);
    }
    response
}

impl Listener for Loopback {
    type Io = Wire;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Wire, SocketAddr) {
        let (stream, from) = Listener::accept(&mut self.0).await;
        // Small answers go out at once; failing to say so costs time, nothing else.
        let _ = stream.set_nodelay(true);
        (Wire { stream, cut: Line::default() }, from)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, Loopback>> for Line {
    fn connect_info(stream: IncomingStream<'_, Loopback>) -> Self {
        stream.io().cut.clone()
    }
}

impl Wire {
    fn alive(&self) -> io::Result<()> {
        if self.cut.0.load(Ordering::SeqCst) { Err(io::ErrorKind::ConnectionAborted.into()) } else { Ok(()) }
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let wire = self.get_mut();
        wire.alive()?;
        Pin::new(&mut wire.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wire = self.get_mut();
        wire.alive()?;
        Pin::new(&mut wire.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
