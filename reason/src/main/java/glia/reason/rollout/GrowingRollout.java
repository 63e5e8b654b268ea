package glia.reason.rollout;

import glia.engine.sampling.Sampler;
import glia.engine.schedule.Completion;
import glia.engine.schedule.GenerationRequest;
import glia.engine.schedule.TokenListener;
import glia.model.block.Input;
import glia.reason.rollout.Rollout.Finish;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;

/// A rollout that grows turn by turn. Each turn is a request to the scheduler with the tokens before it as the prompt
/// and the same sampler.
final class GrowingRollout {
    private final int index;
    private final Input prompt;
    private final Sampler sampler;
    private final RolloutOptions options;
    private final GroupQueue queue;
    private final TurnSource turns;
    private final Executor others;
    private final CompletableFuture<Rollout> result = new CompletableFuture<>();
    /// Prompt and completion.
    private int[] tokens;
    private float[] logProbs = {};
    private boolean[] isSampled = {};
    private int numSampled;

    /// @param index in the result
    /// @param others runs `turns`; null without turns
    GrowingRollout(int index, Input prompt, Sampler sampler, RolloutOptions options, GroupQueue queue,
            TurnSource turns, Executor others) {
        this.index = index;
        this.prompt = prompt;
        this.sampler = sampler;
        this.options = options;
        this.queue = queue;
        this.turns = turns;
        this.others = others;
        tokens = prompt.ids();
    }

    /// The next turn of rollouts that have the same tokens so far.
    static GenerationRequest request(List<GrowingRollout> group) {
        GrowingRollout first = group.getFirst();
        return GenerationRequest.of(new Input(first.tokens, first.prompt.embedded())).numSamples(group.size())
                .sampler(sample -> group.get(sample).sampler).maxTokens(first.options.maxTokens() - first.numSampled)
                .logProbabilities(0).listener(new TokenListener() {
                    @Override
                    public boolean token(int sample, int token, float logProbability) {
                        return !first.options.ends().test(token);
                    }

                    @Override
                    public void ended(int sample, Completion completion) {
                        group.get(sample).take(completion);
                    }
                }).build();
    }

    /// The rollout, when it has ended.
    Rollout await() {
        try {
            return result.join();
        } catch (CompletionException e) {
            switch (e.getCause()) {
                case RuntimeException cause -> throw cause;
                case Error cause -> throw cause;
                default -> throw e;
            }
        }
    }

    private void take(Completion turn) {
        append(turn.tokens(), turn.logProbabilities());
        numSampled += turn.tokens().length;
        switch (turn.finish()) {
            case STOP -> {
                if (others == null) {
                    end(Finish.STOP);
                } else {
                    others.execute(this::goOn);
                }
            }
            case LENGTH -> end(Finish.LENGTH);
            case CONTEXT -> end(Finish.CONTEXT);
            default -> fail(turn.failure().orElseGet(() -> new IllegalStateException("rollout " + index
                    + " was ended: " + turn.finish())));
        }
    }

    /// Requests an observation, after which the model goes on.
    private void goOn() {
        try {
            Optional<int[]> observation = turns.next(index, completion());
            if (observation.isEmpty() || observation.get().length == 0) {
                end(Finish.STOP);
            } else if (numSampled >= options.maxTokens()) {
                end(Finish.LENGTH);
            } else if (tokens.length + observation.get().length >= options.maxContext()) {
                end(Finish.CONTEXT);
            } else {
                append(observation.get(), null);
                queue.submit(this);
            }
        } catch (RuntimeException | Error e) {
            fail(e);
        }
    }

    /// Ends it without a result.
    void fail(Throwable cause) {
        result.completeExceptionally(cause);
    }

    /// @param ofSampled their log-probabilities; null for tokens that were not sampled
    private void append(int[] ids, float[] ofSampled) {
        int length = prompt.ids().length;
        int from = tokens.length - length;
        tokens = Arrays.copyOf(tokens, tokens.length + ids.length);
        System.arraycopy(ids, 0, tokens, length + from, ids.length);
        logProbs = Arrays.copyOf(logProbs, from + ids.length);
        isSampled = Arrays.copyOf(isSampled, from + ids.length);
        if (ofSampled != null) {
            System.arraycopy(ofSampled, 0, logProbs, from, ids.length);
            Arrays.fill(isSampled, from, isSampled.length, true);
        }
    }

    private int[] completion() {
        return Arrays.copyOfRange(tokens, prompt.ids().length, tokens.length);
    }

    private void end(Finish finish) {
        result.complete(new Rollout(prompt, completion(), logProbs, isSampled, finish));
        queue.ended();
    }
}
