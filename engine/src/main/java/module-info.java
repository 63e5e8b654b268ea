/// Sequence states, sampling and generation.
module glia.engine {
    requires transitive glia.kernels;
    requires transitive glia.model;
    requires java.management;
    requires jdk.management;

    exports glia.engine;
    exports glia.engine.answer;
    exports glia.engine.call;
    exports glia.engine.diffusion;
    exports glia.engine.draft;
    exports glia.engine.embedding;
    exports glia.engine.grammar;
    exports glia.engine.grammar.limit;
    exports glia.engine.inspect;
    exports glia.engine.load;
    exports glia.engine.pass;
    exports glia.engine.picture;
    exports glia.engine.runner;
    exports glia.engine.sampling;
    exports glia.engine.schedule;
    exports glia.engine.score;
    exports glia.engine.speech;
    exports glia.engine.state;
    exports glia.engine.steer;
    exports glia.engine.thinking;
    exports glia.engine.tool;
    exports glia.engine.training;
    exports glia.engine.voice;
}
