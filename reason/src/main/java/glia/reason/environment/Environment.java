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
}
