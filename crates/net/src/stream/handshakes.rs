//! How many TLS handshakes a source may begin.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Instant;

use super::config::HandshakeRate;

/// A token bucket for each source.
#[derive(Debug)]
pub(super) struct Handshakes {
    rate: HandshakeRate,
    sources: HashMap<IpAddr, Bucket>,
    /// When full buckets were last thrown away.
    swept: Instant,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Handshakes {
    pub(super) fn new(rate: HandshakeRate) -> Self {
        Self {
            rate,
            sources: HashMap::new(),
            swept: Instant::now(),
        }
    }

    /// Whether the source may begin one more; it counts then.
    pub(super) fn allows(&mut self, source: IpAddr, now: Instant) -> bool {
        let (burst, per_s) = (f64::from(self.rate.burst), f64::from(self.rate.per_s));
        if self.rate.burst == 0 {
            return true;
        }
        let full = self.sources.len() >= self.rate.max_sources;
        if full && !self.sources.contains_key(&source) && !self.sweep(now) {
            return true;
        }
        let fresh = Bucket {
            tokens: burst,
            at: now,
        };
        let bucket = self.sources.entry(source).or_insert(fresh);
        bucket.fill(burst, per_s, now);
        let allowed = bucket.tokens >= 1.0;
        if allowed {
            bucket.tokens -= 1.0;
        }
        allowed
    }

    /// Forgets sources whose buckets are full again; says whether there is room. At most once a second, as it looks
    /// at all.
    fn sweep(&mut self, now: Instant) -> bool {
        if now.saturating_duration_since(self.swept).as_secs() == 0 {
            return false;
        }
        self.swept = now;
        let (burst, per_s) = (f64::from(self.rate.burst), f64::from(self.rate.per_s));
        self.sources.retain(|_, bucket| {
            bucket.fill(burst, per_s, now);
            bucket.tokens < burst
        });
        self.sources.len() < self.rate.max_sources
    }
}

impl Bucket {
    fn fill(&mut self, burst: f64, per_s: f64, now: Instant) {
        let grown = now.saturating_duration_since(self.at).as_secs_f64() * per_s;
        self.tokens = (self.tokens + grown).min(burst);
        self.at = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const RATE: HandshakeRate = HandshakeRate {
        burst: 3,
        per_s: 2,
        max_sources: 2,
    };

    fn source(last: u8) -> IpAddr {
        IpAddr::from([127, 0, 0, last])
    }

    #[test]
    fn a_source_has_its_burst_and_then_its_rate() {
        let (mut handshakes, start) = (Handshakes::new(RATE), Instant::now());
        let allowed = (0..10)
            .filter(|_| handshakes.allows(source(1), start))
            .count();
        assert_eq!(allowed, 3);
        assert!(
            handshakes.allows(source(2), start),
            "another source is free"
        );
        let later = start + Duration::from_millis(1500);
        let allowed = (0..10)
            .filter(|_| handshakes.allows(source(1), later))
            .count();
        assert_eq!(allowed, 3);
    }

    #[test]
    fn sources_are_bounded_and_idle_ones_forgotten() {
        let (mut handshakes, start) = (Handshakes::new(RATE), Instant::now());
        assert!((1..=9).all(|last| handshakes.allows(source(last), start)));
        assert_eq!(handshakes.sources.len(), 2);
        let later = start + Duration::from_secs(60);
        assert!(handshakes.allows(source(9), later));
        assert!(handshakes.sources.contains_key(&source(9)));
        assert_eq!(handshakes.sources.len(), 1);
    }
}
