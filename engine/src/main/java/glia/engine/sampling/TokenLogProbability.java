package glia.engine.sampling;

/// A token and the logarithm of its probability.
public record TokenLogProbability(int token, float logProbability) { }
