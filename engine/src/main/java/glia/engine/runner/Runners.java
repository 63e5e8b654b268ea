package glia.engine.runner;

import glia.engine.draft.Drafter;
import glia.engine.draft.Drafting;
import glia.engine.pass.Engine;
import glia.engine.schedule.ModelRunner;
import glia.engine.state.CachePolicy;
import glia.tensor.ops.RankGroup;
import java.util.Optional;

/// Runners of an engine, for [glia.engine.schedule.Scheduler]s.
public final class Runners {
    private Runners() { }

    /// A runner that drafts nothing itself.
    ///
    /// @throws IllegalStateException if the model is closed
    public static ModelRunner plain(Engine engine) {
        engine.requireOpen();
        return engine.followers().ranks().<ModelRunner>map(ranks -> new LeadingRunner(engine, ranks))
                .orElseGet(() -> new PlainRunner(engine));
    }

    /// Computes the passes that rank 0 announces, which leads ([Engine#followers]), until its scheduler is closed.
    ///
    /// @throws IllegalStateException if this rank's sequences are not those of rank 0
    public static void follow(Engine engine, RankGroup ranks) {
        new Follower(new PlainRunner(engine), engine, ranks).run();
    }

    /// A runner for speculative decoding.
    ///
    /// @param drafter the engine of the draft model or of the first layers, if they draft; the caller closes it after
    ///     the scheduler
    /// @throws IllegalArgumentException if the model has no multi-token-prediction layer, and that is to draft, or if
    ///     it cannot truncate rejected drafts
    /// @throws IllegalStateException if the model is closed
    public static ModelRunner of(Engine engine, Drafting drafting, Optional<Engine> drafter) {
        if (drafter.isPresent()) {
            engine.requireOpen();
            return drafting.drafter().orElse(null) instanceof Drafter.FirstLayers
                    ? new EarlyExitRunner(engine, drafter.get()) : new DraftModelRunner(engine, drafter.get());
        }
        if (usesLayer(engine, drafting)) {
            engine.requireOpen();
            return new MtpRunner(engine);
        }
        return plain(engine);
    }

    /// A runner whose sequences keep a part of their KV cache.
    ///
    /// @param context the most positions of a sequence
    /// @throws IllegalArgumentException if the policy cannot be applied to the model
    public static ModelRunner of(Engine engine, CachePolicy policy, int context) {
        engine.requireOpen();
        policy.require(engine.model().spec(), context, engine.keyValueType());
        return new KeptCacheRunner(engine, policy, context);
    }

    /// Whether the multi-token-prediction layer is to draft.
    public static boolean usesLayer(Engine engine, Drafting drafting) {
        return drafting.drafter().orElse(null) instanceof Drafter.MtpLayer layer
                && (layer.isRequired() || !engine.model().spec().drafts().isEmpty());
    }
}
