//! Waiting for work that Google does after it answered.
//!
//! **Invariant:** success is an operation that is DONE without errors; nothing else.

use std::time::Duration;

use reqwest::Method;

use super::super::{ProviderError, Refusal};
use super::api::{Api, LONG_PATIENCE, path};
use super::wire::{Operation, last_part};

/// Pauses between looks: the wait call holds the line for up to two minutes, but may also return at once.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Waits until it is done; its errors come as refusals with its zone. Has no limit of its own.
pub(super) async fn finish(api: &Api, mut operation: Operation) -> Result<(), ProviderError> {
    let mut pause = FIRST_PAUSE;
    let mut holds_the_line = true;
    let home = match &operation.zone {
        Some(zone) => path(&["zones", last_part(zone), "operations", &operation.name]),
        None => path(&["global", "operations", &operation.name]),
    };
    while operation.status != "DONE" {
        let told = if holds_the_line {
            api.tell(Method::POST, &format!("{home}/wait"), LONG_PATIENCE).await
        } else {
            api.get(&home, &[]).await
        };
        match told {
            Ok(now) => operation = now,
            Err(ProviderError::Refused(_)) if holds_the_line => {
                holds_the_line = false;
                continue;
            }
            Err(error) => return Err(ProviderError::Lost(format!("operation {}: {error}", operation.name))),
        }
        if operation.status != "DONE" {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
    verdict(operation)
}

/// What a finished operation came to.
pub(super) fn verdict(operation: Operation) -> Result<(), ProviderError> {
    let zone = operation.zone.as_deref().map(|zone| last_part(zone).to_owned());
    let as_refusal = |code, message| Refusal { code, message, zone: zone.clone(), retry_after: None };
    let errors = operation.error.map(|error| error.errors).unwrap_or_default();
    if !errors.is_empty() {
        let refusals = errors.into_iter().map(|error| as_refusal(error.code, error.message));
        return Err(ProviderError::Refused(refusals.collect()));
    }
    match operation.http_error_status_code {
        Some(status) if status >= 400 => {
            let message = operation.http_error_message.unwrap_or_else(|| "the operation failed".to_owned());
            Err(ProviderError::Refused(vec![as_refusal(format!("HTTP {status}"), message)]))
        }
        _ => Ok(()),
    }
}
