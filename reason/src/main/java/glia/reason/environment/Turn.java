package glia.reason.environment;

/// A turn of an episode.
///
/// @param text what was written
/// @param isObservation whether the environment wrote it; such tokens are masked from the loss
public record Turn(String text, boolean isObservation) { }
