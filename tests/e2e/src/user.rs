//! Who calls.

/// A user as a server knows one.
#[derive(Clone, Copy, Debug)]
pub struct User {
    /// The user part.
    pub name: &'static str,
    /// The password.
    pub password: &'static str,
}

impl User {
    /// The caller of every test.
    pub const ALICE: User = User {
        name: "alice",
        password: "wonderland-7",
    };
    /// The callee of every test.
    pub const BOB: User = User {
        name: "bob",
        password: "builder-9",
    };

    /// The same user with another password.
    #[must_use]
    pub fn with_password(self, password: &'static str) -> User {
        User { password, ..self }
    }
}
