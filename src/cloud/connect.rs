//! From names of clouds to adapters that are ready to be called.
//!
//! **Invariant:** connecting changes nothing at a cloud; a cloud that this build cannot call, or that has no
//! credentials here, is an error value that says what to do, and never keeps the others from being used.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{CloudProvider, Pace, ProviderError, Settings};

/// Every cloud there is an adapter for, by its catalog name.
pub const CLOUDS: [&str; 3] = ["aws", "azure", "gcp"];

/// One cloud that can be called, with its budget of calls.
#[derive(Clone)]
pub struct Cloud {
    /// Its adapter.
    pub provider: Arc<dyn CloudProvider>,
    /// How fast it is called.
    pub pace: Arc<Pace>,
}

/// The clouds that can be called, and why the others cannot.
#[derive(Clone, Default)]
pub struct Clouds {
    ready: BTreeMap<String, Cloud>,
    missing: BTreeMap<String, ProviderError>,
}

impl Clouds {
    /// Connects to these clouds, all at once.
    pub async fn connect(names: &[&str], settings: &Settings) -> Self {
        let mut clouds = Self::default();
        let mut tasks = tokio::task::JoinSet::new();
        for name in names {
            let (name, settings) = ((*name).to_owned(), settings.clone());
            tasks.spawn(async move {
                let connected = connect(&name, &settings).await;
                (name, connected)
            });
        }
        while let Some(done) = tasks.join_next().await {
            match done {
                Ok((_, Ok(provider))) => clouds.add(provider),
                Ok((name, Err(error))) => {
                    clouds.missing.insert(name, error);
                }
                // A task that panicked has said so already.
                Err(_) => {}
            }
        }
        clouds
    }

    /// Adds a cloud.
    pub fn add(&mut self, provider: Arc<dyn CloudProvider>) {
        let name = provider.name().to_owned();
        self.missing.remove(&name);
        self.ready.insert(name, Cloud { provider, pace: Arc::default() });
    }

    /// The cloud of this name, if it can be called.
    pub fn get(&self, name: &str) -> Option<&Cloud> {
        self.ready.get(name)
    }

    /// The cloud of this name, or why it cannot be called.
    ///
    /// # Errors
    /// What is missing, and what to do about it.
    pub fn need(&self, name: &str) -> Result<&Cloud, ProviderError> {
        self.ready.get(name).ok_or_else(|| {
            self.missing.get(name).cloned().unwrap_or_else(|| ProviderError::NoCredentials {
                message: format!("{name} was not connected to"),
                remedy: "run `sky check`".to_owned(),
            })
        })
    }

    /// The clouds that can be called, by name.
    pub fn ready(&self) -> impl Iterator<Item = (&str, &Cloud)> {
        self.ready.iter().map(|(name, cloud)| (name.as_str(), cloud))
    }

    /// The clouds that cannot be called, by name, and why.
    pub fn missing(&self) -> impl Iterator<Item = (&str, &ProviderError)> {
        self.missing.iter().map(|(name, error)| (name.as_str(), error))
    }
}

/// Connects to one cloud.
///
/// # Errors
/// [`ProviderError::NoCredentials`] with what to do, also where this build has no adapter for it.
pub async fn connect(name: &str, settings: &Settings) -> Result<Arc<dyn CloudProvider>, ProviderError> {
    match name {
        #[cfg(feature = "azure")]
        "azure" => Ok(Arc::new(super::azure::Azure::connect(settings).await?)),
        #[cfg(feature = "aws")]
        "aws" => Ok(Arc::new(super::aws::connect(settings).await?)),
        #[cfg(feature = "gcp")]
        "gcp" => Ok(Arc::new(super::gcp::Gcp::connect(settings).await?)),
        _ => {
            // Unused where no cloud is built in.
            let _ = settings;
            Err(not_built(name))
        }
    }
}

fn not_built(name: &str) -> ProviderError {
    let (message, remedy) = if CLOUDS.contains(&name) {
        let install = "install it with every cloud: cargo install --path . --all-features";
        (format!("this build of sky cannot call {name}"), install.to_owned())
    } else {
        (format!("there is no cloud '{name}'"), format!("one of {}", CLOUDS.join(", ")))
    };
    ProviderError::NoCredentials { message, remedy }
}
