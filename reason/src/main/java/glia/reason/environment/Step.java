package glia.reason.environment;

/// What an environment answers to a turn of the model.
public sealed interface Step {
    /// The episode goes on.
    ///
    /// @param text what the model observes before its next turn
    record Observation(String text) implements Step { }

    /// The episode is over.
    ///
    /// @param reward of the episode, a finite number
    /// @param reason why it is over
    record End(double reward, Reason reason) implements Step { }

    /// Why an episode is over.
    enum Reason {
        /// The model gave a final answer.
        ANSWER,
        /// The model had as many turns as allowed.
        TURNS,
        /// The environment failed; there is no reward.
        FAILED
    }
}
