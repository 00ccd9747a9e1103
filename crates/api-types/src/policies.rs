//! `/api/v1/admin/policies`: what is demanded of people by their role.

use crate::{accounts::Role, body};

body! {
    /// `GET` and `PUT /admin/policies`.
    pub struct Policies {
        /// The roles whose people need a second factor. Whoever has none can only add one.
        pub second_factor_roles: Vec<Role>,
    }
}
