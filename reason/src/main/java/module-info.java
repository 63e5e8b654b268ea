/// Reasoning: rewards, reinforcement learning with verifiable rewards, preferences, and computation at test time.
module glia.reason {
    requires transitive glia.train;

    exports glia.reason.math;
    exports glia.reason.reward;
    exports glia.reason.task;
    exports glia.reason.rollout;
}
