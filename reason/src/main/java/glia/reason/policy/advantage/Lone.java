package glia.reason.policy.advantage;

/// The advantage of a completion that is the only one of its group with a reward.
public enum Lone {
    /// 0: it carries no signal (TRL).
    ZERO,
    /// Its reward, as if the mean of the group were 0 and its standard deviation 1 (verl).
    REWARD
}
