package glia.reason.rollout;

import glia.engine.pass.Engine;
import glia.engine.runner.Runners;
import glia.engine.sampling.Sampler;
import glia.engine.sampling.SamplingOptions;
import glia.engine.schedule.ModelRunner;
import glia.engine.schedule.Scheduler;
import glia.engine.schedule.SchedulerOptions;
import glia.engine.state.StateMemoryException;
import glia.model.block.Input;
import glia.tensor.Hash;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/// Generates groups of completions of prompts on the weights that the engine's model has at the call, by a [Scheduler]:
/// the completions of a group share the KV cache of their prompt, sequences join and leave the batch at each step, and
/// those for which the memory does not suffice wait or are computed again.
///
/// ```java
/// var options = new RolloutOptions(1, 256, 1024, tokenizer.vocabSize(), tokenizer.endOfGeneration()::contains);
/// List<Rollout> rollouts = new RolloutGenerator(engine, options).generate(prompts, 8, Hash.of(seed, step));
/// ```
/// The tokens of a rollout depend on the weights, the prompt, the random seed and its place in the result. On kernels
/// that are batch-invariant ([glia.tensor.kernel.Kernels#batchInvariant]) they are the same in any batch, and
/// log-probabilities have the bits of a recorded forward pass; on others logits may differ by rounding.
///
/// Nothing is kept between calls, so an update of the weights between them is seen in full.
public final class RolloutGenerator {
    private final Engine engine;
    private final RolloutOptions options;

    /// @param engine of the model, in precision `EXACT` for log-probabilities that equal those of training in F32
    public RolloutGenerator(Engine engine, RolloutOptions options) {
        this.engine = engine;
        this.options = options;
    }

    /// Generates one turn.
    ///
    /// @param prompts tokens, at least one each
    /// @param group completions of each prompt
    /// @param seed the random seed of this batch, such as `Hash.of(seed, step)`
    /// @return the rollouts, group after group
    /// @throws IllegalArgumentException if a prompt is empty or leaves no room in the context
    /// @throws StateMemoryException if the KV cache of one prompt does not fit in the engine's memory
    public List<Rollout> generate(List<int[]> prompts, int group, long seed) {
        return generate(prompts.stream().map(Input::of).toList(), group, seed, TurnSource.NONE);
    }

    /// The same for prompts that may have pictures, in turns until the source of turns has no answer. It is called on
    /// other threads, for one turn of a rollout at a time, while the other rollouts go on.
    public List<Rollout> generate(List<Input> prompts, int group, long seed, TurnSource turns) {
        return generate(prompts, 0, 1, group, seed, turns);
    }

    /// The same for every `step`-th prompt, whose completions are those among all prompts.
    public List<Rollout> generate(List<Input> prompts, int first, int step, int group, long seed, TurnSource turns) {
        for (int p = 0; p < prompts.size(); p++) {
            requireRoom(prompts.get(p).ids(), p);
        }
        boolean hasTurns = turns != TurnSource.NONE;
        ModelRunner runner = Runners.plain(engine);
        SchedulerOptions by = new SchedulerOptions(Math.max(options.passTokens(), 2 * options.maxSequences() + 1),
                options.maxSequences(), Math.max(1, prompts.size() * group))
                .withTemperature(options.temperature() == 0 ? 1 : options.temperature());
        // An observation goes on from the cached tokens before it; the prompt of a group is shared without the cache.
        try (ExecutorService others = hasTurns
                        ? Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors()) : null;
                Scheduler scheduler = new Scheduler(runner, hasTurns ? by : by.withoutPrefixCache(),
                        options.vocabSize(), options.maxContext())) {
            GroupQueue queue = new GroupQueue(scheduler, options.maxSequences());
            List<GrowingRollout> all = new ArrayList<>();
            for (int p = first; p < prompts.size(); p += step) {
                List<GrowingRollout> members = new ArrayList<>();
                for (int i = 0; i < group; i++) {
                    int index = p * group + i;
                    members.add(new GrowingRollout(index, prompts.get(p), sampler(Hash.of(seed, index)), options,
                            queue, turns, others));
                }
                queue.add(members);
                all.addAll(members);
            }
            // Before the first step, so that passes do not depend on the time that submitting takes.
            scheduler.whilePaused(() -> {
                queue.submit();
                return null;
            });
            return all.stream().map(GrowingRollout::await).toList();
        } finally {
            runner.clearPrefixCache();
        }
    }

    private void requireRoom(int[] prompt, int index) {
        if (prompt.length == 0 || prompt.length >= options.maxContext()) {
            throw new IllegalArgumentException("prompt " + index + " has " + prompt.length + " tokens, expected 1 to "
                    + (options.maxContext() - 1) + ", so that the context of " + options.maxContext()
                    + " has room for a completion");
        }
    }

    /// The scheduler has divided the logits by the temperature.
    private Sampler sampler(long seed) {
        return new Sampler(SamplingOptions.neutral().withTemperature(options.temperature() == 0 ? 0 : 1)
                .withSeed(seed), options.vocabSize());
    }
}
