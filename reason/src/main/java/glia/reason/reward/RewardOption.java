package glia.reason.reward;

/// An option of a named reward.
///
/// @param name the key in recipes, such as `tolerance`
/// @param fallback the default as shown to users; empty where there is none
/// @param help one line without a final stop: meaning and unit
public record RewardOption(String name, String fallback, String help) { }
