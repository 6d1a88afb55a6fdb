//! Sends one request to a place that was checked: the name is resolved once, every address is judged, and the connection goes to one of those.
//!
//! In: an endpoint, headers and a body. Out: the status, or why there is none.
//! Always true: no redirect is followed, the answer's body is read for a few kB and thrown away, and everything together takes no longer than `webhook_timeout`.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;

use super::backoff;
use super::endpoint::{Endpoint, Rules};
use super::guard::refusal;

/// Reaching one address may take this long; a further one may answer.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// Bytes of an answer's body that are read, so that its connection can be used again.
const ANSWER_LIMIT: usize = 4 * 1024;

/// A connection is used for this long: then the name is resolved anew.
const LINK_AGE: Duration = Duration::from_secs(60);

/// Who is asking.
const AGENT: &str = concat!("vigie/", env!("CARGO_PKG_VERSION"));

/// Why a delivery failed; never with anything of the answer's body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Failure {
    #[error(
        "the rules in force refuse its address; see webhook_allow_private and webhook_allow_http"
    )]
    Refused,
    #[error("its name leads nowhere")]
    Name,
    #[error("its name leads into a network that is {0}; see webhook_allow_private")]
    Network(&'static str),
    #[error("it could not be reached")]
    Connect,
    #[error("it could not prove its name: no TLS with a certificate that is trusted")]
    Tls,
    #[error("it did not answer in time")]
    Time,
    #[error("the connection broke before there was an answer")]
    Broken,
    #[error("it answered {0}, and redirections are not followed")]
    Redirected(u16),
    #[error("it answered 410: it is gone for good")]
    Gone,
    #[error("it answered 413: the delivery is too large for it")]
    TooLarge,
    #[error("it answered {0}")]
    Status(u16),
}

/// A delivery that failed, and when the receiver would be asked again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failed {
    pub(super) failure: Failure,
    pub(super) wish: Option<Duration>,
}

impl From<Failure> for Failed {
    fn from(failure: Failure) -> Self {
        Self {
            failure,
            wish: None,
        }
    }
}

/// The file of further certificate authorities cannot be used.
#[derive(Debug, thiserror::Error)]
#[error(
    "{path} holds no certificates that can be read: give a PEM file, or remove webhook_ca_file"
)]
pub struct CaFileError {
    path: String,
    #[source]
    source: Option<rustls::pki_types::pem::Error>,
}

/// What sends.
pub(super) struct Client {
    tls: TlsConnector,
    rules: Rules,
    limit: Duration,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Client")
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}

/// A connection that may be used again.
#[derive(Debug)]
pub(super) struct Link {
    endpoint: Arc<Endpoint>,
    sender: SendRequest<Full<Bytes>>,
    driver: JoinHandle<()>,
    since: Instant,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Client {
    /// A client that trusts the web's authorities, and those of a file.
    pub(super) fn new(
        rules: Rules,
        limit: Duration,
        authorities: Option<&Path>,
    ) -> Result<Self, CaFileError> {
        let mut roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        if let Some(path) = authorities {
            let failed = |source| CaFileError {
                path: path.display().to_string(),
                source,
            };
            let found = CertificateDer::pem_file_iter(path).map_err(|error| failed(Some(error)))?;
            let found: Vec<_> = found
                .collect::<Result<_, _>>()
                .map_err(|error| failed(Some(error)))?;
            let (added, _) = roots.add_parsable_certificates(found);
            if added == 0 {
                return Err(failed(None));
            }
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let versions =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        // The provider has every default version.
        let config = match versions {
            Ok(versions) => versions.with_root_certificates(roots).with_no_client_auth(),
            Err(_) => unreachable!("aws-lc-rs speaks TLS 1.2 and 1.3"),
        };
        Ok(Self {
            tls: TlsConnector::from(Arc::new(config)),
            rules,
            limit,
        })
    }

    /// Sends a body, over the connection of last time if that is still good.
    pub(super) async fn post(
        &self,
        link: &mut Option<Link>,
        endpoint: &Arc<Endpoint>,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<(), Failed> {
        let sent = async {
            let response = self.send(link, endpoint, headers, body).await?;
            let outcome = judge(&response);
            if !swallow(response).await {
                *link = None;
            }
            outcome
        };
        match timeout(self.limit, sent).await {
            Ok(outcome) => outcome,
            Err(_) => {
                *link = None;
                Err(Failure::Time.into())
            }
        }
    }

    async fn send(
        &self,
        link: &mut Option<Link>,
        endpoint: &Arc<Endpoint>,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response<Incoming>, Failure> {
        let kept = link.take().filter(|link| link.is_good_for(endpoint));
        if let Some(mut kept) = kept {
            let request = request(endpoint, &headers, &body)?;
            if let Ok(response) = kept.sender.send_request(request).await {
                *link = Some(kept);
                return Ok(response);
            }
            // The receiver closed it as the request went out; a new one tells whether it is there.
        }
        let mut fresh = self.connect(endpoint).await?;
        let request = request(endpoint, &headers, &body)?;
        let answered = fresh.sender.send_request(request).await;
        let response = answered.map_err(|_| Failure::Broken)?;
        *link = Some(fresh);
        Ok(response)
    }

    async fn connect(&self, endpoint: &Arc<Endpoint>) -> Result<Link, Failure> {
        let addresses = self.resolve(endpoint).await?;
        let mut reached = None;
        for address in addresses {
            if let Ok(Ok(stream)) = timeout(CONNECT_LIMIT, TcpStream::connect(address)).await {
                reached = Some(stream);
                break;
            }
        }
        let stream = reached.ok_or(Failure::Connect)?;
        // A body and its end in one go need no company.
        let _ = stream.set_nodelay(true);
        if !endpoint.is_tls {
            return Link::over(stream, endpoint).await;
        }
        let name = ServerName::try_from(endpoint.host.as_ref().to_owned());
        let name = name.map_err(|_| Failure::Name)?;
        let connected = self.tls.connect(name, stream).await;
        Link::over(connected.map_err(|_| Failure::Tls)?, endpoint).await
    }

    /// Every address of a name, once each of them was judged.
    async fn resolve(&self, endpoint: &Endpoint) -> Result<Vec<SocketAddr>, Failure> {
        let name = (endpoint.host.as_ref(), endpoint.port);
        let found = tokio::net::lookup_host(name).await;
        let addresses: Vec<SocketAddr> = found.map_err(|_| Failure::Name)?.collect();
        if addresses.is_empty() {
            return Err(Failure::Name);
        }
        if !self.rules.allow_private {
            let refused = addresses.iter().find_map(|address| refusal(address.ip()));
            if let Some(what) = refused {
                return Err(Failure::Network(what));
            }
        }
        Ok(addresses)
    }
}

impl Link {
    async fn over<S>(stream: S, endpoint: &Arc<Endpoint>) -> Result<Self, Failure>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let shaken = handshake(TokioIo::new(stream)).await;
        let (sender, connection) = shaken.map_err(|_| Failure::Broken)?;
        let driver = tokio::spawn(async move {
            // Whoever sends is told by the request.
            let _ = connection.await;
        });
        Ok(Self {
            endpoint: Arc::clone(endpoint),
            sender,
            driver,
            since: Instant::now(),
        })
    }

    fn is_good_for(&self, endpoint: &Arc<Endpoint>) -> bool {
        self.endpoint == *endpoint && self.sender.is_ready() && self.since.elapsed() < LINK_AGE
    }
}

fn request(
    endpoint: &Endpoint,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Request<Full<Bytes>>, Failure> {
    let mut request = Request::post(endpoint.target.as_ref())
        .header(HOST, endpoint.authority.as_ref())
        .header(USER_AGENT, AGENT)
        .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
        .body(Full::new(body.clone()))
        .map_err(|_| Failure::Refused)?;
    request.headers_mut().extend(headers.clone());
    Ok(request)
}

fn judge(response: &Response<Incoming>) -> Result<(), Failed> {
    let status = response.status();
    if status.is_success() {
        return Ok(());
    }
    let failure = match status {
        StatusCode::GONE => Failure::Gone,
        StatusCode::PAYLOAD_TOO_LARGE => Failure::TooLarge,
        status if status.is_redirection() => Failure::Redirected(status.as_u16()),
        status => Failure::Status(status.as_u16()),
    };
    let header = response.headers().get(RETRY_AFTER);
    let wish = header
        .and_then(|header| header.to_str().ok())
        .and_then(|header| backoff::wish(header, jiff::Timestamp::now()));
    Err(Failed { failure, wish })
}

/// Reads an answer's body to its end and keeps nothing; whether it had one in time to use the connection again.
async fn swallow(response: Response<Incoming>) -> bool {
    let mut body = response.into_body();
    let mut size = 0_usize;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return false };
        size += frame.data_ref().map_or(0, Bytes::len);
        if size > ANSWER_LIMIT {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[tokio::test]
    async fn a_name_that_leads_into_a_private_network_is_refused_before_anybody_is_called() {
        let open = Rules {
            allow_private: true,
            allow_http: true,
        };
        let strict = Rules {
            allow_private: false,
            ..open
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let url = format!("http://localhost:{port}/");
        // As a name of the Internet would be whose owner points it here.
        let endpoint = Arc::new(Endpoint::parse(&url, open).unwrap());
        let connect = async |rules: Rules| {
            let client = Client::new(rules, Duration::from_secs(5), None).unwrap();
            client.connect(&endpoint).await.map(drop)
        };
        assert_eq!(connect(strict).await, Err(Failure::Network("loopback")));
        let unanswered = tokio::time::timeout(Duration::from_millis(50), listener.accept());
        assert!(unanswered.await.is_err());
        assert_eq!(connect(open).await, Ok(()));
    }
}
