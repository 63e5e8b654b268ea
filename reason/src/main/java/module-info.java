/// Reasoning: rewards, reinforcement learning with verifiable rewards, preferences, and computation at test time.
@SuppressWarnings("requires-automatic")
module glia.reason {
    requires transitive glia.train;
    requires ch.obermuhlner.math.big;
    requires java.net.http;
    requires json.schema;

    exports glia.reason.alignment;
    exports glia.reason.environment;
    exports glia.reason.preference;
    exports glia.reason.preference.run;
    exports glia.reason.policy;
    exports glia.reason.policy.advantage;
    exports glia.reason.policy.correction;
    exports glia.reason.policy.loss;
    exports glia.reason.reward;
    exports glia.reason.reward.math;
    exports glia.reason.search;
    exports glia.reason.task;
    exports glia.reason.trace;
    exports glia.reason.rollout;
    exports glia.reason.run;
    exports glia.reason.sandbox;

    provides glia.train.recipe.RecipeExtension with
            glia.reason.alignment.AlignmentRecipes,
            glia.reason.preference.run.PreferenceRecipes,
            glia.reason.run.RlExtension,
            glia.reason.trace.ReasonerRecipes;
}
