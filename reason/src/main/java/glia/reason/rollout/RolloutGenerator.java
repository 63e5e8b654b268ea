package glia.reason.rollout;

import glia.engine.Engine;
import glia.engine.sampling.BatchSampler;
import glia.engine.sampling.Sampler;
import glia.engine.sampling.SamplingOptions;
import glia.engine.state.Sequence;
import glia.engine.state.StateMemoryException;
import glia.model.block.Pass;
import glia.reason.rollout.Rollout.Finish;
import glia.tensor.Hash;
import glia.tensor.Tensor;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/// Generates groups of completions of prompts by continuous batching, on the weights that the engine's model has at the
/// call. The completions of a group share the KV cache of their prompt. A sequence leaves the batch when it ends, and
/// the next group takes its place, its prompt computed in chunks beside the tokens of the others.
///
/// ```java
/// var options = new RolloutOptions(1, 256, 1024, tokenizer.vocabSize(), tokenizer.endOfGeneration()::contains);
/// List<Rollout> rollouts = new RolloutGenerator(engine, options).generate(prompts, 8, Hash.of(seed, step));
/// ```
/// The tokens of a rollout depend on the weights, the prompt, the random seed and its place in the result. On kernels
/// that are batch-invariant ([glia.tensor.kernel.Kernels#batchInvariant]) they are the same in any batch, and
/// log-probabilities have the bits of a recorded forward pass; on others logits may differ by rounding.
///
/// Nothing is kept between calls, so an update of the weights between them is seen in full. For one thread, the
/// engine's.
public final class RolloutGenerator {
    private final Engine engine;
    private final RolloutOptions options;
    private final BatchSampler sampler;
    private final Deque<List<Slot>> waiting = new ArrayDeque<>();
    private final List<Slot> active = new ArrayList<>();

    /// @param engine of the model, in precision `EXACT` for log-probabilities that equal those of training in F32
    public RolloutGenerator(Engine engine, RolloutOptions options) {
        this.engine = engine;
        this.options = options;
        sampler = new BatchSampler(engine.ops().kernels(), engine.model().spec().vocabSize());
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
        return generate(prompts, group, seed, TurnSource.NONE);
    }

    /// Generates turns until the source of turns has no answer.
    public List<Rollout> generate(List<int[]> prompts, int group, long seed, TurnSource turns) {
        List<Slot> all = new ArrayList<>();
        for (int p = 0; p < prompts.size(); p++) {
            requireRoom(prompts.get(p), p);
            List<Slot> slots = new ArrayList<>();
            for (int i = 0; i < group; i++) {
                int index = p * group + i;
                slots.add(new Slot(index, prompts.get(p), sampler(Hash.of(seed, index)), options,
                        turns != TurnSource.NONE));
            }
            waiting.add(slots);
            all.addAll(slots);
        }
        try {
            while (!waiting.isEmpty() || !active.isEmpty()) {
                admit();
                step(turns);
            }
            return all.stream().map(Slot::rollout).toList();
        } finally {
            waiting.clear();
            active.clear();
            all.forEach(Slot::close);
        }
    }

    private void requireRoom(int[] prompt, int index) {
        if (prompt.length == 0 || prompt.length >= options.maxContext()) {
            throw new IllegalArgumentException("prompt " + index + " has " + prompt.length + " tokens, expected 1 to "
                    + (options.maxContext() - 1) + ", so that the context of " + options.maxContext()
                    + " has room for a completion");
        }
    }

    /// Logits are divided by the temperature before, so that log-probabilities are those of the policy.
    private Sampler sampler(long seed) {
        return new Sampler(SamplingOptions.neutral().withTemperature(options.temperature() == 0 ? 0 : 1)
                .withSeed(seed), options.vocabSize());
    }

    /// Starts waiting groups while there are sequences and memory for all their tokens. Of a group only the first
    /// sequence is opened: the others become forks of it. A group for which there is no room when nothing else runs is
    /// split.
    private void admit() {
        while (!waiting.isEmpty()) {
            List<Slot> group = waiting.getFirst();
            int count = group.size();
            if (!fits(group)) {
                if (!active.isEmpty()) {
                    return;
                }
                while (count > 1 && !fits(group.subList(0, count))) {
                    count--;
                }
            }
            waiting.removeFirst();
            if (count < group.size()) {
                waiting.addFirst(group.subList(count, group.size()));
            }
            group.getFirst().sequence = engine.open();
            active.addAll(group.subList(0, count));
        }
    }

    private boolean fits(List<Slot> group) {
        if (active.size() + group.size() > options.maxSequences()) {
            return false;
        }
        long wanted = 0;
        try (Sequence empty = engine.open()) {
            for (Slot slot : active) {
                wanted += slot.bytesToAppend(empty);
            }
            for (Slot slot : group) {
                wanted += slot.bytesToAppend(empty);
            }
        }
        return wanted <= engine.pool().freeBytes();
    }

    /// One pass: a token of each sequence that decodes, and chunks of prompts and observations up to the budget.
    private void step(TurnSource turns) {
        int budget = options.passTokens();
        int numRows = 0;
        for (boolean decodes : new boolean[] {true, false}) {
            for (Slot slot : active) {
                if (slot.sequence == null || (slot.remaining() == 1) != decodes || !decodes && budget <= 0) {
                    continue;
                }
                int from = slot.sequence.length();
                int to = decodes ? slot.length()
                        : slot.sequence.chunkEnd(Math.min(slot.length(), from + Math.max(1, budget)));
                boolean wanted = to == slot.length();
                engine.add(slot.sequence, slot.ids(), from, to, wanted ? Pass.Outputs.LAST : Pass.Outputs.NONE);
                slot.row = wanted ? numRows++ : -1;
                budget -= to - from;
            }
        }
        Tensor logits = engine.run();
        if (numRows > 0) {
            sample(logits, turns);
        }
    }

    private void sample(Tensor logits, TurnSource turns) {
        if (options.temperature() != 0 && options.temperature() != 1) {
            engine.ops().kernels().scale(logits, logits, (float) (1 / options.temperature()));
        }
        List<Slot> sampled = new ArrayList<>();
        sampler.clear();
        Slot first = null;
        for (Slot slot : active) {
            if (slot.sequence != null) {
                first = slot;
            } else if (first.row >= 0 && first.length() == first.prompt().length) {
                // The members of a group follow its first, which has just computed the prompt.
                slot.sequence = first.sequence.fork();
                slot.row = first.row;
            }
            if (slot.row >= 0) {
                sampler.add(slot.sampler, slot.row, 0);
                sampled.add(slot);
            }
        }
        sampler.run(logits);
        for (int i = 0; i < sampled.size(); i++) {
            Slot slot = sampled.get(i);
            slot.row = -1;
            if (slot.take(sampler.token(i), sampler.logProbability(i))) {
                Optional<int[]> observation = turns.next(slot.index, slot.completion());
                if (observation.isPresent() && observation.get().length > 0) {
                    slot.observe(observation.get());
                } else {
                    slot.end(Finish.STOP);
                }
            }
            if (slot.isDone()) {
                slot.close();
            }
        }
        active.removeIf(Slot::isDone);
    }
}
