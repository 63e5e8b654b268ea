package glia.reason.run;

/// Which rollouts reports show.
///
/// @param every batches between those that are shown; 0 for none
/// @param count number of rollouts
public record RolloutDisplay(int every, int count) { }
