//! The HealthSecure server.
