"""Changes of sound beyond time, frequency and pitch: one file an axis, a pure function and its operator in each."""
