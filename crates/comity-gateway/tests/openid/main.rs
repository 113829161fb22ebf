//! People sign in by an OpenID provider: a real one (npm `oidc-provider`), and one that lies.

mod browser;
mod forged;
mod house;
mod real;
