package glia.reason.environment;

import glia.reason.task.Problem;

/// What a model acts in over several turns, such as problems with tools.
@FunctionalInterface
public interface Environment {
    /// Begins an episode.
    Episode start(Problem problem);

    /// One run through a problem. It belongs to one rollout; calls do not overlap, and may come from several threads.
    interface Episode {
        /// The first prompt.
        String prompt();

        /// Answers a turn of the model.
        ///
        /// @param text what the model wrote, without its end token
        /// @return an observation, or the end of the episode
        /// @throws IllegalStateException if the episode is over
        Step step(String text);
    }

    /// What an environment answers to a turn of the model.
    sealed interface Step {
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
}
