//! One host that is spoken to: a registry, or a mirror of one.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use reqwest::redirect::Policy;
use reqwest::{NoProxy, Proxy};
use tokio::sync::OnceCell;
use url::Url;

use crate::address::{self, GuardedResolver};
use crate::auth::Auth;
use crate::config::{Mirror, RegistryConfig, is_no_proxy, parse_search};
use crate::credentials::{Anonymous, Credentials};
use crate::error::Error;
use crate::quirks;
use crate::retry::RetryPolicy;
use crate::tls::Trust;
use crate::warning::Warnings;

/// How long TLS may take to come about where plain HTTP is the alternative: a server without TLS
/// may wait for the rest of what it takes for a request.
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a mirror that can't be reached is left alone.
const MIRROR_REST: Duration = Duration::from_secs(60);

/// Proxies for all registries that don't name their own (what `HTTPS_PROXY`, `HTTP_PROXY` and
/// `NO_PROXY` say). Hosts on loopback are never asked through them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    /// For `https` addresses.
    pub https: Option<String>,
    /// For `http` addresses.
    pub http: Option<String>,
    /// Hosts, domains and networks that are asked directly, with commas between.
    pub no_proxy: Option<String>,
}

/// Takes lines for the user: a retry, a mirror left out, what a registry warns of.
pub type Notes = Arc<dyn Fn(&str) + Send + Sync>;

/// What all endpoints of a client share.
pub(crate) struct Shared {
    pub(crate) trust: Trust,
    pub(crate) proxies: Proxies,
    pub(crate) user_agent: String,
    pub(crate) retry: RetryPolicy,
    pub(crate) notes: Option<Notes>,
    pub(crate) warnings: Warnings,
}

impl Shared {
    pub(crate) fn note(&self, text: &str) {
        if let Some(notes) = &self.notes {
            notes(text);
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Schemes {
    Https,
    Http,
    /// TLS, and plain HTTP when the other side doesn't speak TLS.
    Either,
}

pub(crate) struct Endpoint {
    /// The host as references and the configuration spell it.
    pub(crate) name: String,
    pub(crate) settings: RegistryConfig,
    /// For a mirror: the registry that it stands for.
    pub(crate) stands_for: Option<String>,
    pub(crate) loopback: bool,
    pub(crate) shared: Arc<Shared>,
    pub(crate) auth: Auth,
    authority: String,
    /// For an index: what stands before its paths.
    path: String,
    schemes: Schemes,
    /// The scheme that was found to be spoken, where it was open.
    spoken: OnceLock<&'static str>,
    /// A mirror that can't be reached isn't asked before then.
    down_until: Mutex<Option<Instant>>,
    home: OnceCell<reqwest::Client>,
    foreign: OnceCell<reqwest::Client>,
}

impl Endpoint {
    pub(crate) fn registry(
        name: &str,
        settings: RegistryConfig,
        credentials: Arc<dyn Credentials>,
        shared: Arc<Shared>,
    ) -> Self {
        let loopback = address::is_loopback_authority(name);
        let schemes = match settings.plain_http {
            Some(true) => Schemes::Http,
            Some(false) => Schemes::Https,
            None if loopback || !settings.verifies_tls() => Schemes::Either,
            None => Schemes::Https,
        };
        Self {
            name: name.to_owned(),
            settings,
            stands_for: None,
            loopback,
            shared,
            auth: Auth::new(credentials),
            authority: quirks::api_host(name).to_owned(),
            path: String::new(),
            schemes,
            spoken: OnceLock::new(),
            down_until: Mutex::new(None),
            home: OnceCell::new(),
            foreign: OnceCell::new(),
        }
    }

    pub(crate) fn mirror(
        mirror: &Mirror,
        stands_for: &str,
        mut settings: RegistryConfig,
        credentials: Arc<dyn Credentials>,
        shared: Arc<Shared>,
    ) -> Self {
        settings.plain_http = mirror.plain_http.or(settings.plain_http);
        Self {
            stands_for: Some(stands_for.to_owned()),
            ..Self::registry(&mirror.host, settings, credentials, shared)
        }
    }

    /// Where a registry's repositories are searched.
    pub(crate) fn index(
        registry: &str,
        mut settings: RegistryConfig,
        credentials: Arc<dyn Credentials>,
        shared: Arc<Shared>,
    ) -> Self {
        let set = settings.search.as_deref();
        // The configuration was checked; what isn't an address was refused with it.
        let url = set.and_then(|text| parse_search(text).ok());
        let authority = match &url {
            Some(url) => {
                settings.plain_http = Some(url.scheme() == "http");
                address::authority(url)
            }
            None => quirks::index_host(registry).to_owned(),
        };
        let path = url.as_ref().map_or("", Url::path).trim_matches('/');
        let slash = if path.is_empty() { "" } else { "/" };
        Self {
            name: registry.to_owned(),
            path: format!("{path}{slash}"),
            ..Self::registry(&authority, settings, credentials, shared)
        }
    }

    /// What stands before `v1/search`: nothing, or a path that ends with a slash.
    pub(crate) fn index_path(&self) -> &str {
        &self.path
    }

    /// A server of files.
    pub(crate) fn server(
        url: &Url,
        mut settings: RegistryConfig,
        shared: Arc<Shared>,
    ) -> Result<Self, Error> {
        let authority = address::authority(url);
        let plain = url.scheme() == "http";
        let may_be_plain = address::is_loopback_authority(&authority)
            || !settings.verifies_tls()
            || settings.plain_http == Some(true);
        settings.plain_http = Some(plain);
        let endpoint = Self::registry(&authority, settings, Arc::new(Anonymous), shared);
        if plain && !may_be_plain {
            let why = "it would be fetched by plain HTTP, which is for loopback hosts";
            return Err(endpoint.unusable(why.to_owned()));
        }
        Ok(endpoint)
    }

    /// The base of the API, with the scheme that is spoken as far as that is known.
    pub(crate) fn base(&self) -> Result<Url, Error> {
        let scheme = match self.schemes {
            Schemes::Http => "http",
            Schemes::Https => "https",
            Schemes::Either => self.spoken.get().copied().unwrap_or("https"),
        };
        Url::parse(&format!("{scheme}://{}/", self.authority))
            .map_err(|error| self.unusable(format!("its name is no address: {error}")))
    }

    /// Plain HTTP is the next thing to try after a connection by TLS failed.
    pub(crate) fn may_fall_back(&self) -> bool {
        self.schemes == Schemes::Either && self.spoken.get().is_none()
    }

    /// Remembers what is spoken: from now on there is no falling back.
    pub(crate) fn speaks(&self, scheme: &str) {
        if self.schemes == Schemes::Either {
            // Whoever was first has said it.
            let _ = self
                .spoken
                .set(if scheme == "http" { "http" } else { "https" });
        }
    }

    /// It is not known to be out of reach.
    pub(crate) fn is_up(&self) -> bool {
        let until = *self
            .down_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        until.is_none_or(|until| Instant::now() >= until)
    }

    /// Leaves a mirror alone for a while, if `error` says that it can't be reached.
    pub(crate) fn failed(&self, error: &Error) {
        if matches!(
            error,
            Error::Connect { .. } | Error::Certificate { .. } | Error::Tls { .. }
        ) {
            let until = Some(Instant::now() + MIRROR_REST);
            *self
                .down_until
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = until;
        }
    }

    /// The HTTP client for the registry's own host.
    pub(crate) async fn home(&self) -> Result<&reqwest::Client, Error> {
        self.home
            .get_or_try_init(async || self.client(true)?.build().map_err(|e| self.unbuilt(&e)))
            .await
    }

    /// The HTTP client for other hosts that the registry refers to: it shows no client certificate
    /// and doesn't go where only this machine can go.
    pub(crate) async fn foreign(&self) -> Result<&reqwest::Client, Error> {
        let build = async || {
            let loopback_allowed =
                self.is_on_loopback().await || !self.settings.trusted_realms.is_empty();
            self.client(false)?
                .dns_resolver(Arc::new(GuardedResolver { loopback_allowed }))
                .build()
                .map_err(|error| self.unbuilt(&error))
        };
        self.foreign.get_or_try_init(build).await
    }

    /// The registry is on this machine, by its name or by what its name resolves to.
    async fn is_on_loopback(&self) -> bool {
        if self.loopback {
            return true;
        }
        let name = self.authority.split(':').next().unwrap_or_default();
        match tokio::net::lookup_host((name, 0)).await {
            Ok(mut found) => found.any(|address| address.ip().is_loopback()),
            Err(_) => false,
        }
    }

    fn client(&self, with_identity: bool) -> Result<reqwest::ClientBuilder, Error> {
        let settings = &self.settings;
        let connect_timeout = match self.schemes {
            Schemes::Either => settings.connect_timeout().min(PROBE_TIMEOUT),
            _ => settings.connect_timeout(),
        };
        // HTTP/1.1: each transfer has a connection of its own, whose speed is not bounded by a
        // window that all share, and several connections really are several.
        let mut builder = reqwest::Client::builder()
            .http1_only()
            .redirect(Policy::none())
            .referer(false)
            .no_proxy()
            .tcp_nodelay(true)
            .connect_timeout(connect_timeout)
            .user_agent(&self.shared.user_agent);
        let tls = if self.schemes == Schemes::Http && with_identity {
            // Nothing that plain HTTP uses, but there must be one.
            Trust::nobody()
        } else {
            let trust = &self.shared.trust;
            trust.client_config(&self.name, settings, with_identity)
        };
        builder = builder.tls_backend_preconfigured(tls.map_err(|e| self.unusable(e))?);
        for proxy in self.proxies()? {
            builder = builder.proxy(proxy);
        }
        Ok(builder)
    }

    fn proxies(&self) -> Result<Vec<Proxy>, Error> {
        let wrong = |error: reqwest::Error| self.unusable(format!("proxy: {error}"));
        match self.settings.proxy.as_deref() {
            Some(none) if is_no_proxy(none) => return Ok(Vec::new()),
            Some(own) => return Ok(vec![Proxy::all(own).map_err(wrong)?]),
            None if self.loopback => return Ok(Vec::new()),
            None => {}
        }
        let all = &self.shared.proxies;
        let no_proxy = all.no_proxy.as_deref().and_then(NoProxy::from_string);
        let mut proxies = Vec::new();
        if let Some(url) = all.https.as_deref().filter(|url| !is_no_proxy(url)) {
            proxies.push(Proxy::https(url).map_err(wrong)?.no_proxy(no_proxy.clone()));
        }
        if let Some(url) = all.http.as_deref().filter(|url| !is_no_proxy(url)) {
            proxies.push(Proxy::http(url).map_err(wrong)?.no_proxy(no_proxy));
        }
        Ok(proxies)
    }

    pub(crate) fn unusable(&self, reason: String) -> Error {
        Error::Settings {
            registry: self.name.clone(),
            reason,
        }
    }

    fn unbuilt(&self, error: &reqwest::Error) -> Error {
        self.unusable(crate::transport::innermost(error))
    }
}
