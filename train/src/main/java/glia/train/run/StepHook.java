package glia.train.run;

/// Something that happens after each update, such as a moving average of the weights or the balancing of experts.
@FunctionalInterface
public interface StepHook {
    /// @param step updates so far, this one included
    void updated(long step);
}
