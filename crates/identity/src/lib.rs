//! Users, second factors, tokens, sessions, role grants, and the decision whether P may do A to O.
