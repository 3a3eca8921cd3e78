//! Trees in the style of makers whose controllers were not captured. None may be an error.
