//! HTTP wire types, and the typed client that the command line and the tests use.
