package glia.train.run;

/// What happens with the update of a step.
///
/// @param reason why it is not simply made; empty for `UPDATE`
public record Verdict(Action action, String reason) {
    /// What to do.
    public enum Action {
        /// Make the update.
        UPDATE,
        /// Make the update and warn.
        WARN,
        /// Leave out the update.
        SKIP,
        /// Return to the weights and the optimizer state of the last checkpoint. The data since then is left out.
        ROLL_BACK
    }

    /// The update is made.
    public static final Verdict UPDATE = new Verdict(Action.UPDATE, "");
}
