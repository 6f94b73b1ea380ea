//! What Rhai uses of the crate `web-time`, over the clock of our host. That crate asks a browser, by a module that only
//! runs once the tool wasm-bindgen has rewritten it.

use std::ops::{Add, Sub};
pub use std::time::Duration;

#[link(wasm_import_module = "host")]
extern "C" {
    /// Milliseconds of a clock that never goes back.
    fn now() -> f64;
}

/// A moment, counted from when the host began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(Duration);

impl Instant {
    pub fn now() -> Self {
        Self(Duration::from_secs_f64(unsafe { now() } / 1000.0))
    }
    pub fn duration_since(&self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
    pub fn elapsed(&self) -> Duration {
        Self::now().duration_since(*self)
    }
    pub fn checked_add(&self, by: Duration) -> Option<Self> {
        self.0.checked_add(by).map(Self)
    }
    pub fn checked_sub(&self, by: Duration) -> Option<Self> {
        self.0.checked_sub(by).map(Self)
    }
}

impl Add<Duration> for Instant {
    type Output = Self;
    fn add(self, by: Duration) -> Self {
        Self(self.0.saturating_add(by))
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;
    fn sub(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(by))
    }
}

impl Sub for Instant {
    type Output = Duration;
    fn sub(self, earlier: Self) -> Duration {
        self.duration_since(earlier)
    }
}
